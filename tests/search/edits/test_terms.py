"""Words read as a wish: colours wanted, colours unwanted, and the rest kept."""

from __future__ import annotations

import pytest

from catalog.colours import COLOURS
from search.edits import NEUTRAL_PROMPTS, colour_prompts, edit_parse


@pytest.mark.parametrize(
    ("words", "colours", "avoided"),
    [
        ("in red", ["red"], []),
        ("red", ["red"], []),
        ("Same shoe, but RED please", ["red"], []),
        ("in burgundy", ["maroon"], []),
        ("in dark red", ["maroon"], []),
        ("university red", ["red"], []),
        ("light-blue", ["light-blue"], []),
        ("an off white one", ["off-white"], []),
        ("red instead of black", ["red"], ["black"]),
        ("in navy rather than the black", ["navy"], ["black"]),
        ("not black", [], ["black"]),
        ("not black or white", [], ["black", "white"]),
        ("black and white", ["black", "white"], []),
        ("white, not red", ["white"], ["red"]),
        ("not red, but white", ["white"], ["red"]),
        ("from black to red", ["red"], ["black"]),
        ("same brand but color is red/gray/brown", ["red", "grey", "brown"], []),
        ("redder than a hundred", [], []),
        ("a tantrum in greenland", [], []),
        ("with a white sole", [], []),
        ("green with a white rubber sole", ["green"], []),
        ("red heels", ["red"], []),
        ("", [], []),
    ],
)
def test_colours_are_found(words: str, colours: list[str], avoided: list[str]) -> None:
    edit = edit_parse(words)
    assert (list(edit.colours), list(edit.avoided)) == (colours, avoided)


def test_what_is_not_understood_still_counts() -> None:
    edit = edit_parse("red, with a fluffy collar")
    assert edit.targets == (*colour_prompts("red"), *["with a fluffy collar"] * 4)
    assert edit_parse("same but darker").targets == colour_prompts("dark")


def test_alternatives_are_separate_sentences_and_pairs_are_one() -> None:
    either = edit_parse("red or blue").targets
    assert set(either) == {*colour_prompts("red"), *colour_prompts("blue")}
    assert edit_parse("blue or red").targets == either
    assert "a black and white shoe" in edit_parse("black and white").targets


def test_every_attribute_is_said_in_english() -> None:
    words = "빨간색 나이키 하이탑, leather, with velcro and a gum sole, for kids, under 80"
    assert edit_parse(words).targets[0] == (
        "a red leather high-top Nike shoe with velcro straps and a gum sole for kids"
    )


def test_a_direction_starts_at_what_is_there() -> None:
    assert edit_parse("in red").sources("navy") == colour_prompts("navy")
    assert edit_parse("red instead of black").sources("navy") == colour_prompts("black")
    assert edit_parse("in red").sources(None) == NEUTRAL_PROMPTS
    assert edit_parse("a running shoe").sources("navy") == NEUTRAL_PROMPTS


def test_a_colour_only_unwanted_is_where_the_direction_starts() -> None:
    edit = edit_parse("not black")
    assert edit.targets == NEUTRAL_PROMPTS
    assert edit.sources("black") == colour_prompts("black")


def test_prompts_are_english() -> None:
    assert "an orange shoe" in colour_prompts("orange")
    assert "an olive green shoe" in colour_prompts("olive")
    assert NEUTRAL_PROMPTS[0] == "a shoe"


@pytest.mark.parametrize("colour", COLOURS, ids=lambda colour: colour.slug)
def test_every_word_of_the_vocabulary_is_understood(colour) -> None:  # type: ignore[no-untyped-def]
    for word in (colour.slug, colour.name, *colour.synonyms):
        assert edit_parse(f"in {word}").colours == (colour.slug,), word
