"""Labelled sentences (tests/data/edits/README.md): how many become exactly the right chips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from search.edits import Edit, edit_parse

DATA = Path(__file__).resolve().parents[2] / "data" / "edits"
GOAL = 0.95


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text("utf-8").splitlines()]


def chips(edit: Edit) -> list[str]:
    return sorted(" ".join(filter(None, (t.mode, t.attribute, t.value))) for t in edit.terms)


@pytest.mark.parametrize("name", ["held_out.jsonl", "labelled.jsonl"])
def test_sentences_are_read_into_exactly_the_right_chips(name: str) -> None:
    sentences = lines(name)
    wrong = [
        f"{said['words']}: {chips(edit_parse(said['words']))}"
        for said in sentences
        if chips(edit_parse(said["words"])) != sorted(said["chips"])
    ]
    assert len(wrong) <= (1 - GOAL) * len(sentences), "\n".join(wrong)


def test_there_are_enough_sentences_and_none_twice() -> None:
    held_out, tuned = lines("held_out.jsonl"), lines("labelled.jsonl")
    assert len(held_out) >= 100
    words = [said["words"] for said in (*held_out, *tuned)]
    assert len(words) >= 300
    assert len({said["words"] for said in held_out} & {said["words"] for said in tuned}) == 0


@pytest.mark.parametrize("group", lines("paraphrases.jsonl"), ids=lambda g: "; ".join(g["chips"]))
def test_wordings_of_one_wish_are_one_wish(group: dict[str, Any]) -> None:
    edits = [edit_parse(words) for words in group["words"]]
    assert {tuple(chips(edit)) for edit in edits} == {tuple(sorted(group["chips"]))}
    assert len({edit.targets for edit in edits}) == 1
    assert {edit.free_text for edit in edits} == {""}


def test_there_are_sixty_paraphrases() -> None:
    assert sum(len(group["words"]) for group in lines("paraphrases.jsonl")) >= 60
