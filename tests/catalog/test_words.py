"""The words of shops, read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.colours import COLOURS, ELSEWHERE, colour_parse, colours_parse
from catalog.text import name_clean, slug_for, text_clean, text_clean_lines
from catalog.words import (
    availability_parse,
    category_parse,
    gender_parse,
    height_guess,
    model_name,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Men's", "men"), ("Herren", "men"), ("femme", "women"), ("Jungen / Mädchen", "kids"),
        ("メンズ", "men"), ("Женские", "women"),
        ("https://schema.org/Male", "men"), ("MENS", "men"),
        ("Women", "women"), ("https://schema.org/Female", "women"), ("Ladies’", "women"),
        ("Boys' Toddler", "kids"), ("Boys' Grade School", "kids"), ("Girls", "kids"),
        ("Unisex", "unisex"), ("men,women", "unisex"), ("", ""), ("Regimen", ""),
    ],
)  # fmt: skip
def test_gender(text: str, expected: str) -> None:
    assert gender_parse(text) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("Sk8-Hi",), "high"), (("Chuck 70 High",), "high"), (("Blazer Mid 77",), "mid"),
        (("Dunk Low",), "low"), (("Samba",), ""), (("Slow Runner",), ""),
        (("Samba", "adidas Samba Hi-Top"), "high"), (("High Street Low",), "low"),
    ],
)  # fmt: skip
def test_height(names: tuple[str, ...], expected: str) -> None:
    assert height_guess(*names) == expected


@pytest.mark.parametrize(
    ("text", "title", "expected"),
    [
        ("Running Shoes", "", "running"), ("Shoes > Flip Flops", "", "flip-flop"),
        ("Casual Shoes", "", "casual"), ("Formal Shoes", "", "formal"), ("Heels", "", "heel"),
        ("Sandals & Floaters", "", "sandal"), ("Basketball", "", "basketball"),
        ("Sneakers", "", "sneaker"), ("slip-on", "", "slip-on"), ("Sports Shoes", "", "sport"),
        ("Shoes", "Classic Slip On", "slip-on"), ("", "Chelsea Boot", "boot"),
        ("Shoes", "Tennis Classic", ""), ("", "", ""), ("Ballerinas", "", "flat"),
    ],
)  # fmt: skip
def test_category(text: str, title: str, expected: str) -> None:
    assert category_parse(text, title=title) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://schema.org/InStock", "in-stock"), ("in stock", "in-stock"),
        ("http://schema.org/OutOfStock", "out-of-stock"), ("sold_out", "out-of-stock"),
        ("PreOrder", "preorder"), ("BackOrder", "preorder"), ("maybe", ""), ("", ""),
    ],
)  # fmt: skip
def test_availability(text: str, expected: str) -> None:
    assert availability_parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Core Black / Off White", ("black", "off-white")),
        ("black / black", ("black", "black")),
        ("Royal Red", ("red",)),
        ("Triple White, Gum & Volt", ("white", "tan", "light-green")),
        ("Dark Green/Multi-Color", ("dark-green", "multi")),
        ("BLACK/WHITE-ANTHRACITE", ("black", "white", "grey")),
        ("University-Red/Off-White", ("red", "off-white")),
        ("Light-Blue / Suede-Navy", ("light-blue", "navy")),
        ("Dream", ()),
        ("Schwarz/Weiß", ("black", "white")),
        ("Dunkelblau mit Hellgrün und Anthrazit", ("navy", "light-green", "grey")),
        ("GRUEN - WEISS", ("green", "white")),
        ("Noir et blanc cassé", ("black", "off-white")),
        ("bleu marine, vert foncé / rouge", ("navy", "dark-green", "red")),
        ("azul marino y blanco", ("navy", "white")),
        ("Rosso e Azzurro", ("red", "light-blue")),
        ("Zwart/Donkerblauw", ("black", "navy")),
        ("Rød og grå", ("red", "grey")),
        ("Vit/Marinblå", ("white", "navy")),
        ("Musta / valkoinen", ("black", "white")),
        ("Černá, bílá", ("black", "white")),
        ("Piros-fehér", ("red", "white")),
        ("Albastru cu negru", ("black",)),
        ("Чёрный/Белый", ("black", "white")),
        ("Μαύρο, Λευκό", ("black", "white")),
        ("أسود / أحمر", ("black", "red")),
        ("Różowy, Złoty", ("pink", "gold")),
        ("블랙/화이트", ("black", "white")),
        ("ブラック×ホワイト・グリーン", ("black", "white", "green")),
        ("black or white", ("white",)),
    ],
)
def test_colours(text: str, expected: tuple[str, ...]) -> None:
    assert colours_parse(text) == expected


def test_the_vocabulary_is_consistent() -> None:
    words = [word for colour in COLOURS for word in (colour.name, *colour.synonyms)]
    assert len({colour.code for colour in COLOURS}) == len(COLOURS)
    assert len(set(words)) == len(words), "one word is two colours"
    for colour in COLOURS:
        for word in (colour.slug, colour.name, *colour.synonyms):
            assert colour_parse(word) == colour


def test_words_of_other_languages_are_one_colour_each() -> None:
    english = {w for colour in COLOURS for w in (colour.slug, colour.name, *colour.synonyms)}
    assert set(ELSEWHERE) <= {colour.slug for colour in COLOURS}
    seen = set[str]()
    for slug, written in ELSEWHERE.items():
        for word in written.split(", "):
            assert word not in seen | english, f"{word} is told twice"
            seen.add(word)
            found = colour_parse(word)
            assert found is not None
            assert found.slug == slug, word


@given(st.text(max_size=200), st.text(max_size=60), st.lists(st.text(max_size=20), max_size=3))
def test_any_words_are_read_without_an_error(text: str, other: str, brands: list[str]) -> None:
    assert colours_parse(text) == colours_parse(text[:500])
    assert gender_parse(text) in {"", "men", "women", "kids", "unisex"}
    category_parse(text, title=other)
    availability_parse(text)
    height_guess(text, other)
    name, colour = model_name(group="", title=text, colour=other, brand_names=brands)
    assert len(name) <= 200
    assert colour == other or other == ""


@given(st.text(max_size=400), st.integers(1, 100))
def test_cleaned_text_is_one_printable_line_within_its_limit(text: str, limit: int) -> None:
    clean = text_clean(text, limit)
    assert len(clean) <= limit
    assert clean.replace(" ", "").isprintable()
    assert clean == clean.strip()
    clean.encode()
    assert "\x00" not in text_clean_lines(text, limit)
    assert len(name_clean(text)) <= 200
    assert slug_for(name_clean(text), fallback="x")


def test_only_text_is_text() -> None:
    assert text_clean(None, 9) == text_clean_lines(7, 9) == ""
