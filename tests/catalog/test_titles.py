"""Titles taken apart, and matched with the catalog's names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.titles import TitleCatalog, title_parse, title_resolve

BRANDS = {"karo": "Karo", "old river": "Old River", "or": "Old River", "vento": "Vento",
          "vento originals": "Vento"}  # fmt: skip


def catalog() -> TitleCatalog:
    return TitleCatalog(
        brands=[("Karo", []), ("Old River", ["OR"]), ("Vento", ["Vento Originals"])],
        models=[
            (1, "Karo", "Wave 90", []),
            (2, "Karo", "Wave 95", []),
            (3, "Karo", "Street High", []),
            (4, "Karo", "Street Low", []),
            (5, "Old River", "574", ["Five Seventy Four"]),
            (6, "Vento", "Black Cat", []),
            (7, "Karo", "Streamliner Max", []),
        ],
    )


@pytest.mark.parametrize(
    ("title", "brand", "model", "colours", "gender", "sizes"),
    [
        ("Karo Wave 90 - Men's", "Karo", "Wave 90", (), "men", []),
        ("NEW Karo Wave 90 Black/White Womens UK 6", "Karo", "Wave 90", ("black", "white"),
         "women", ["UK 6"]),
        ("Old River 574 Herren Schuhe schwarz dunkel blau Gr. 42,5 NEU", "Old River", "574",
         ("black", "blue"), "men", ["42.5"]),
        ("Chaussures Karo Street High Homme noir taille 43", "Karo", "Street High", ("black",),
         "men", ["43"]),
        ("Zapatillas OR 574 negro talla 41", "Old River", "574", ("black",), "", ["41"]),
        ("Scarpe Vento Brezza uomo numero 44 2/3 nuove", "Vento", "Brezza", (), "men", ["44.67"]),
        ("Karo Men Flores Navy Blue Casual Shoes", "Karo", "Flores", ("navy",), "men", []),
        ("Karo Wave 90 GS size 4-6.5", "Karo", "Wave 90", (), "kids", ["4–6.5"]),
        ("Vento Women Gold Toned & Brown Flats", "Vento", "", ("gold", "brown"), "women", []),
        ("Karo Wave 90 Red EU 42 - 44 free shipping", "Karo", "Wave 90", ("red",), "",
         ["EU 42–44"]),
    ],
)  # fmt: skip
def test_a_title_is_taken_apart(
    title: str, brand: str, model: str, colours: tuple[str, ...], gender: str, sizes: list[str]
) -> None:
    parsed = title_parse(title, brands=BRANDS)
    assert (parsed.brand, parsed.model) == (brand, model)
    assert (parsed.colours, parsed.gender) == (colours, gender)
    assert [str(size) for size in parsed.sizes] == sizes


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Karo Wave 90 CW2288-111 boxed", "CW2288-111"),
        ("Karo Wave 90 FX5502", "FX5502"),
        ("Karo Wave 90 315122 111", "315122 111"),
        ("Karo Wave 90", ""),
    ],
)
def test_a_makers_code_is_no_part_of_the_name(title: str, code: str) -> None:
    parsed = title_parse(title, brands=BRANDS)
    assert parsed.style_code == code
    assert parsed.model == "Wave 90"


def test_what_the_page_tells_is_taken_out_of_the_title() -> None:
    parsed = title_parse("Wave 90 Midnight Karo", brand="Karo", colour="Midnight")
    assert (parsed.brand, parsed.colour_text) == ("Karo", "Midnight")
    assert "Karo" not in parsed.model


def test_a_plain_name_is_told_from_what_somebody_typed() -> None:
    assert not title_parse("Karo Wave 90 - Men's", brands=BRANDS).is_typed
    assert title_parse("Karo Wave 90 BNIB", brands=BRANDS).is_typed
    assert title_parse("Karo Wave 90 UK 9", brands=BRANDS).is_typed


@given(st.text(max_size=300))
def test_any_text_is_read(title: str) -> None:
    parsed = title_parse(title, brands=BRANDS)
    assert len(parsed.model) <= 200
    resolution = title_resolve(parsed, catalog())
    assert 0 <= resolution.confidence <= 1


def test_a_title_of_100_kb_costs_no_more_than_a_long_one() -> None:
    assert len(title_parse("Karo " + "Wave 90 " * 12_500, brands=BRANDS).title) <= 500


def resolved(title: str) -> tuple[int, float]:
    names = catalog()
    found = title_resolve(title_parse(title, brands=names.brands), names)
    return (found.candidates[0].model_id if found.candidates else 0), found.confidence


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("Karo Wave 90 Black UK 9", 1),
        ("NEU Karo Street High Herren rot Gr. 43", 3),
        ("Karo Streemliner Max size 9", 7),  # a typing error
        ("OR Five Seventy Four worn once", 5),  # an alias of the brand and of the model
        ("Vento Black Cat EU 40", 6),  # a colour that belongs to the name
    ],
)
def test_a_model_is_found_by_its_words(title: str, model: int) -> None:
    found, confidence = resolved(title)
    assert found == model
    assert confidence > 0.75


@pytest.mark.parametrize(
    "title",
    [
        "Karo Wave 97 UK 9",  # another number
        "Karo Street Mid UK 9",  # another height
        "Karo Wave 90 II UK 9",  # a later version
        "Karo UK 9",  # no name at all
        "Wave Runner UK 9",  # no brand
    ],
)
def test_another_shoe_of_the_same_family_is_not_taken_for_it(title: str) -> None:
    assert resolved(title)[1] < 0.75


def test_two_models_that_fit_equally_are_no_answer() -> None:
    names = TitleCatalog(
        brands=[("Karo", [])],
        models=[(1, "Karo", "Wave Runner", []), (2, "Karo", "Wave Racer", [])],
    )
    found = title_resolve(title_parse("Karo Wave UK 9", brands=names.brands), names)
    assert {one.model_id for one in found.candidates} == {1, 2}
    assert found.confidence < 0.6


def test_a_brand_is_known_with_a_typing_error_but_not_by_a_short_likeness() -> None:
    names = catalog()
    assert names.brand_of("Old Rivr") == "Old River"
    assert names.brand_of("or") == "Old River"
    assert names.brand_of("Kara") == ""
