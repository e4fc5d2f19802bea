""" "Darker", "lighter", "brighter": another colour, resolved against the photo's."""

from __future__ import annotations

import pytest

from catalog.colours import COLOURS
from search import Query
from search.chips import label_of
from search.edits import Edit, EditTerm, Tone, edit_parse, term_read, term_spell
from search.tones import SHADES, lab, shades_of, toned, with_shades
from tests.search.shelf import Ask, Shelf, upload


@pytest.mark.parametrize("shades", SHADES, ids="-".join)
def test_shades_stand_from_dark_to_light(shades: tuple[str, ...]) -> None:
    lightness = [lab(slug)[0] for slug in shades]
    assert lightness == sorted(lightness)


def test_every_colour_but_the_mix_of_many_has_shades() -> None:
    assert {slug for shades in SHADES for slug in shades} == {c.slug for c in COLOURS} - {"multi"}


@pytest.mark.parametrize(
    ("slug", "tone", "first"),
    [
        ("red", "darker", "maroon"), ("blue", "darker", "navy"), ("navy", "lighter", "blue"),
        ("grey", "darker", "black"), ("white", "darker", "silver"), ("brown", "lighter", "bronze"),
        ("maroon", "brighter", "red"), ("navy", "brighter", "blue"), ("teal", "lighter", "aqua"),
    ],
)  # fmt: skip
def test_a_tone_is_the_next_shade(slug: str, tone: Tone, first: str) -> None:
    assert toned(slug, tone)[0] == first


def test_nothing_is_darker_than_black() -> None:
    assert toned("black", "darker") == ()
    assert toned("multi", "lighter") == ()


def test_a_tone_is_a_chip_without_a_value() -> None:
    (term,) = edit_parse("same but darker").terms
    assert term.as_dict() == {
        "mode": "change", "attribute": "colour", "value": None, "weight": 1.0, "tone": "darker",
    }  # fmt: skip
    assert "tone" not in EditTerm("change", "colour").as_dict()
    assert term_read(term_spell(term)) == term
    assert label_of(term) == "a darker colour"
    query = Query(edit=Edit(words="", terms=(term,)))
    assert query.edit is not None
    assert query.edit.terms == (term,)
    with pytest.raises(ValueError, match="only be changed to"):
        term_read("avoid:colour:darker")


def test_a_tone_is_the_shades_of_the_photos_colour() -> None:
    edit = edit_parse("same brand but darker")
    meant = with_shades(edit, shades_of(edit, "red"))
    assert meant.colours == ("maroon", "black")
    assert meant.alternatives
    assert with_shades(edit, shades_of(edit, "black")) == edit
    assert with_shades(edit, shades_of(edit, None)) == edit


@pytest.fixture
def shelf(db: None) -> Shelf:
    shelf = Shelf()
    for colour in ("red", "maroon", "pink", "blue"):
        for number in range(3):
            shelf.colorway(colour, model=f"A{number}")
    shelf.publish()
    return shelf


def test_darker_than_a_red_photo_is_maroon(ask: Ask) -> None:
    page = ask(Query(photo=upload("red"), words="same but darker"))
    assert [r.card.colours[0].slug for r in page.results[:3]] == ["maroon"] * 3
    (term, standing), *_ = page.results[0].terms
    assert (term.tone, standing) == ("darker", "yes")
    assert page.results[-1].terms[0][1] == "no"
    assert sum(page.results[0].why.values()) == pytest.approx(page.results[0].score, abs=1e-4)


def test_without_a_photo_a_tone_counts_through_its_words(ask: Ask) -> None:
    page = ask(Query(words="darker"))
    assert page.results
    assert page.results[0].terms[0][1] == "unknown"
