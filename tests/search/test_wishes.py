"""Edits over attributes: decided by what the catalog states, against what the photo shows."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.models import Colorway, ShoeModel
from search import Query
from search.edits import EditTerm
from search.models import ImageEvidence
from search.results import gap_after
from search.seen import seen_in
from search.services import evidence_pending
from search.stores.memory import MemoryStore
from search.types import Hit
from search.wishes import Seen, rules_from
from tests.search.shelf import Ask, Shelf, upload
from tests.search.stores.contract import DIM, unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    for number in range(24):
        shelf.colorway("red", brand="Nike", model=f"A{number}", price=50 + number)
        shelf.colorway("navy", brand="Puma", model=f"B{number}", price=150, height="high")
    shelf.publish()
    return shelf


def test_another_brand_shows_none_of_the_photos_brand(ask: Ask) -> None:
    page = ask(Query(photo=upload("red"), words="similar shoes but another brand"))
    assert len(page.results) >= 20
    assert {result.card.brand for result in page.results} == {"Puma"}


def test_a_named_brand_comes_first_and_says_so(ask: Ask) -> None:
    page = ask(Query(photo=upload("red"), words="brand is Puma"), per_page=48)
    assert [result.card.brand for result in page.results[:24]] == ["Puma"] * 24
    (term, standing), *_ = page.results[0].terms
    assert (term.attribute, standing) == ("brand", "yes")
    acme = next(result for result in page.results if result.card.brand == "Nike")
    assert acme.terms[0][1] == "no"


@pytest.mark.parametrize("words", ["in navy", "brand is Puma", "cheaper, under 60"])
def test_shares_add_up_to_the_score_with_attributes(ask: Ask, words: str) -> None:
    for result in ask(Query(photo=upload("red"), words=words)).results:
        assert sum(result.why.values()) == pytest.approx(result.score, abs=1e-6)
        assert 0 <= result.closeness <= 1


def test_a_price_counts_where_it_is_stated(ask: Ask) -> None:
    page = ask(Query(photo=upload("navy"), words="under 55"), per_page=5)
    assert all(result.card.price is not None for result in page.results)
    assert {int(result.card.price or 0) for result in page.results} <= set(range(50, 56))


def test_the_query_shoe_does_not_answer_an_edit_that_it_fails(ask: Ask, shelf: Shelf) -> None:
    own = Colorway.objects.filter(brand__name="Nike").first()
    assert own is not None
    image = own.images.get()
    page = ask(Query(image_id=image.pk, words="brand is Puma"), per_page=100)
    assert own.pk not in {result.card.id for result in page.results}


def test_what_the_catalog_does_not_state_is_unknown() -> None:
    ShoeModel.objects.all().delete()
    rules = rules_from([EditTerm("change", "sole", "white")], Seen())
    assert rules.marks == ()
    answers = rules.answers(_no_marks(3))
    assert rules.score(answers).tolist() == [0, 0, 0]
    assert [terms[0][1] for terms in rules.standings(answers)] == ["unknown"] * 3


def test_photos_are_described_once(ask: Ask, shelf: Shelf) -> None:
    assert evidence_pending() == 48
    assert evidence_pending() == 0
    ImageEvidence.objects.update(version=0)
    assert evidence_pending() == 48
    assert ImageEvidence.objects.count() == 48


def test_counted_colours_find_what_was_wished_for(ask: Ask) -> None:
    evidence_pending()
    page = ask(Query(photo=upload("red"), words="same but in navy"))
    assert page.results[0].card.colours[0].slug == "navy"
    assert set(page.results[0].why) >= {"photo", "words"}


def test_the_gap_is_where_one_drop_stands_out() -> None:
    assert gap_after([0.9, 0.89, 0.88, 0.5, 0.49, 0.48]) == 3
    assert gap_after([0.9, 0.8, 0.7, 0.6, 0.5]) is None
    assert gap_after([0.5] * 6) is None
    assert gap_after([]) is None


def _no_marks(count: int) -> Any:
    import numpy as np

    return np.empty((0, count), np.bool_)


def test_near_photos_outvote_many_that_are_farther() -> None:
    store = MemoryStore(encoder_id="fake@1", dim=DIM)
    brands = [1, 1, 1, *[2] * 17]
    store.upsert(range(20), unit(20), [{"colorway": n, "brand": b} for n, b in enumerate(brands)])
    store.publish()
    near = [Hit(n, 0.95 if brand == 1 else 0.7) for n, brand in enumerate(brands)]
    assert seen_in(store, near, None).values["brand"] == {1}


def test_the_shoe_in_a_photo_is_the_one_that_the_nearest_photos_are_of() -> None:
    """An uploaded photo is hardly ever one that the catalog has, to the byte."""
    store = MemoryStore(encoder_id="test", dim=DIM)
    payloads = [{"colorway": 7 if n < 4 else n, "price": 90.0} for n in range(20)]
    store.upsert(range(20), unit(20), payloads)
    store.publish()
    near = [Hit(n, 0.9 if n < 4 else 0.7) for n in range(20)]
    seen = seen_in(store, near, None)
    assert (seen.colorways, seen.price) == ({7}, 90.0)
    unsure = seen_in(store, [Hit(n, 0.9) for n in range(20)], None)
    assert (unsure.colorways, unsure.price) == (frozenset(), None)


def test_another_colour_is_another_main_colour(shelf: Shelf, ask: Ask) -> None:
    own = Colorway.objects.filter(brand__name="Nike").latest("pk")
    own.colour_key = "red/white"
    own.save()
    for name in ("white/red", "red/navy"):
        other = shelf.colorway("white", brand=own.model.brand.name, model=own.model.name)
        other.colour_key = name
        other.save()
    shelf.publish()
    page = ask(Query(image_id=own.images.get().pk, words="same model, different colour"))
    found = [Colorway.objects.get(pk=result.card.id).colour_key for result in page.results]
    assert "white/red" in found
    assert not [key for key in found if key.startswith("red")]


def test_the_same_price_is_about_the_same(ask: Ask) -> None:
    own = Colorway.objects.get(price=60)
    page = ask(Query(image_id=own.images.get().pk, words="same price"), per_page=12)
    assert {48 <= (result.card.price or 0) <= 72 for result in page.results} == {True}
