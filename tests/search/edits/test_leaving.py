"""What is not understood stays as free text, and a lower price is one wish in all wordings."""

from __future__ import annotations

import pytest

from search.edits import edit_parse


@pytest.mark.parametrize(
    "words",
    [
        "shiny", "not so shiny", "no mas", "darker sole", "half price", "about 80", "comfy shoes",
        "round toe instead of pointed", "without frills", "ohne Schnickschnack", "no brand",
        "뾰족한 거 말고 둥근 거", "브랜드 없는", "price", "lighter in weight", "nice shoes",
    ],
)  # fmt: skip
def test_a_sentence_in_which_nothing_is_read_is_free_text(words: str) -> None:
    edit = edit_parse(words)
    assert (edit.terms, edit.free_text) == ((), words)


@pytest.mark.parametrize(
    ("words", "free"),
    [
        ("red, not so shiny", "not so shiny"),
        ("red and not so shiny", "not so shiny"),
        ("shiny red", ""),
        ("red with a darker sole", "with a darker sole"),
        ("red instead of pointed", "instead of pointed"),
        ("red about 80", "about 80"),
        ("no bright colours, navy", "no bright colours"),
        ("please, something warmer", "something warmer"),
        ("comfy brand Nike", "comfy"),
        ("no brand, red", "no brand"),
        ("sin marca, rojo", "sin marca"),
        ("wool slippers", "slippers"),
        ("otra marca que no sea Norrvik", "que no sea Norrvik"),
    ],
)
def test_what_is_said_beside_wishes_is_whole(words: str, free: str) -> None:
    assert edit_parse(words).free_text == free


@pytest.mark.parametrize(
    "words",
    [
        "hello", "I want the same shoe please", "more like this", "another pair", "I love these",
        "not this one", "I don't like it", "any brand", "no brand preference", "이런 신발 찾아줘",
        "gibt es die auch anders?", "👟🔥",
    ],
)  # fmt: skip
def test_what_says_nothing_of_a_shoe_is_no_free_text(words: str) -> None:
    assert edit_parse(words).free_text == ""


@pytest.mark.parametrize(
    "words",
    [
        "cheaper", "a bit cheaper please", "less expensive", "more affordable", "lower price",
        "not so expensive", "too expensive", "cheaper, less expensive", "the same but cheaper",
        "billiger", "günstiger", "guenstiger", "weniger teuer", "nicht so teuer",
        "etwas Billigeres", "más barato", "mas baratas", "menos caro", "más económicos",
        "더 싸게", "더 싼 거", "더 저렴한 걸로", "덜 비싼", "너무 비싸요",
    ],
)  # fmt: skip
def test_a_lower_price_is_wished_for_in_one_wording(words: str) -> None:
    edit = edit_parse(words)
    assert (edit.terms, edit.free_text) == ((), "cheaper")
    assert edit.targets == ("cheaper",)


@pytest.mark.parametrize(
    ("words", "free"),
    [
        ("cheaper, under 80", "cheaper"),
        ("billiger, unter 80", "cheaper"),
        ("더 싼 거 80유로 이하", "cheaper"),
        ("cheaper than 80", ""),
        ("más barato que 80", ""),
    ],
)
def test_a_lower_price_with_a_number_is_the_number(words: str, free: str) -> None:
    edit = edit_parse(words)
    assert [(t.mode, t.attribute, t.value) for t in edit.terms] == [("change", "price", "<80")]
    assert edit.free_text == free


@pytest.mark.parametrize(
    ("words", "free"),
    [
        ("cheaper and in green", "cheaper"),
        ("comfy and cheaper", "comfy and cheaper"),
        ("bequem und billiger", "bequem und cheaper"),
        ("a cheaper material", "a cheaper material"),
        ("cheapest in white", "cheapest"),
        ("leather is too expensive", ""),
    ],
)
def test_a_lower_price_beside_other_wishes(words: str, free: str) -> None:
    assert edit_parse(words).free_text == free
