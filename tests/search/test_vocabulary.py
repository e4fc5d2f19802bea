"""The catalog's names as words: brands, models and aliases, and the names that are common words."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from catalog.models import Brand, BrandAlias, ShoeModel, ShoeModelAlias
from search.edits import edit_parse
from search.query import Query
from search.vocabulary import catalog_lexicon, edit_of
from tests.factories import BrandFactory, ShoeModelFactory

pytestmark = pytest.mark.django_db


def chips(words: str) -> set[str]:
    edit = edit_parse(words, lexicon=catalog_lexicon(fresh=0))
    return {" ".join(filter(None, (t.mode, t.attribute, t.value))) for t in edit.terms}


def brand_named(name: str) -> Brand:
    brand: Brand = BrandFactory(name=name)  # type: ignore[no-untyped-call,assignment]
    return brand


def model_named(brand: Brand, name: str) -> ShoeModel:
    model: ShoeModel = ShoeModelFactory(brand=brand, name=name)  # type: ignore[no-untyped-call,assignment]
    return model


@pytest.fixture
def kestrell() -> Brand:
    brand = brand_named("Kestrell")
    BrandAlias.objects.create(brand=brand, name="KSTL")
    for name in ("Fenwick Glide", "Beacon", "Slate", "Black Leather"):
        model = model_named(brand, name)
        if name == "Beacon":
            ShoeModelAlias.objects.create(brand=brand, model=model, name="Beaconette")
    return brand


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("same but from kestrell", {"change brand Kestrell"}),
        ("KSTL in red", {"change brand Kestrell", "change colour red"}),
        ("kestrel, high", {"change brand Kestrell", "change height high"}),
        ("the Fenwick Glide in red", {"change model Fenwick Glide", "change colour red"}),
        ("beaconette", {"change model Beacon"}),
        ("Kestrell Beacon", {"change brand Kestrell", "change model Beacon"}),
        ("model is beacon", {"change model Beacon"}),
        ("in slate", {"change colour grey"}),
        ("model: Slate", {"change model Slate"}),
        ("a burning beacon", set()),
        ("black leather", {"change colour black", "change material leather"}),
        ("not Kestrell", {"avoid brand Kestrell"}),
    ],
)
def test_the_catalogs_names_are_words(kestrell: Brand, words: str, read: set[str]) -> None:
    assert chips(words) == read


def test_the_catalogs_spelling_is_the_canonical_one() -> None:
    brand_named("ADIDAS")
    assert chips("addidas") == chips("아디다스") == chips("adidas") == {"change brand ADIDAS"}


def test_a_merged_models_name_is_no_word(kestrell: Brand) -> None:
    kept = model_named(kestrell, "Quillfeather")
    gone = model_named(kestrell, "Oldfeather")
    assert chips("oldfeather") == {"change model Oldfeather"}
    ShoeModel.objects.filter(pk=gone.pk).update(merged_into=kept)
    Brand.objects.get(pk=kestrell.pk).save()
    assert chips("quillfeather") == {"change model Quillfeather"}
    assert chips("oldfeather") == set()


def test_names_are_read_once(django_assert_num_queries: object) -> None:
    brand_named("Kestrell")
    catalog_lexicon(fresh=0)
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert catalog_lexicon() is catalog_lexicon()
    with django_assert_num_queries(4):  # type: ignore[operator]
        catalog_lexicon(fresh=0)


def test_a_sentence_is_read_once_and_anew_when_names_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("search.vocabulary.MOST_SENTENCES", 2)
    query = Query(words="in zephyrine")
    catalog_lexicon(fresh=0)
    assert edit_of(query).terms == ()
    for words in ("in zephyrine", "in red", "in navy", "in zephyrine"):  # more than are kept
        assert edit_of(Query(words=words)).words == words
    assert edit_of(query) is edit_of(query)
    brand_named("Zephyrine")
    catalog_lexicon(fresh=0)
    assert [term.value for term in edit_of(query).terms] == ["Zephyrine"]


def test_the_command_prints_the_chips(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("parse_edit", "same brand, preferably red, comfy", "--json")
    assert json.loads(capsys.readouterr().out) == [
        {"mode": "keep", "attribute": "brand", "value": None, "weight": 1.0},
        {"mode": "change", "attribute": "colour", "value": "red", "weight": 0.5},
    ]
    call_command("parse_edit", "another", "brand,", "comfy")
    told = capsys.readouterr().out
    assert "another" in told
    assert "comfy" in told
    call_command("parse_edit", "the same ones")
    assert "Nothing to keep" in capsys.readouterr().out
