"""Wishes about different things do not touch each other: joined in either order, they are both."""

from __future__ import annotations

import random

import pytest

from search.edits import edit_parse
from tests.search.edits.labels import chips, lines

JOINTS = (", ", ". ", "; ", " but ", " and ")
SIGNS = set(',;.!?:=-/()#*"+|')
PAIRS = 400


def clauses() -> list[tuple[str, str]]:
    """Short labelled sentences with one chip, and the chip."""
    said = [line for name in ("labelled", "visitors") for line in lines(f"{name}.jsonl")]
    return [
        (line["words"], line["chips"][0])
        for line in said
        if len(line["chips"]) == 1
        and len(line["words"].split()) <= 4
        and not SIGNS & set(line["words"])
        and not line["words"].startswith("exclude")  # its list goes on, whatever it names
        and not edit_parse(line["words"]).free_text
    ]


def pairs() -> list[tuple[tuple[str, str], tuple[str, str]]]:
    draw, known = random.Random(4), clauses()
    drawn = (draw.sample(known, 2) for _ in range(2 * PAIRS))
    return [(one, other) for one, other in drawn if _apart(one[1], other[1])][:PAIRS]


def _apart(one: str, other: str) -> bool:
    """About different attributes, of which neither may be read into the other: "a red sole, not
    black" speaks of soles."""
    attributes = {one.split()[1], other.split()[1]}
    return len(attributes) == 2 and attributes != {"sole", "colour"}


@pytest.mark.parametrize("joint", JOINTS)
def test_two_wishes_are_the_same_in_either_order(joint: str) -> None:
    wrong = []
    for one, other in pairs():
        if joint == " and " and "avoid" in f"{one[1]} {other[1]}":
            continue  # "no stripes and leather" may deny both
        first, second = (
            edit_parse(f"{a[0]}{joint}{b[0]}") for a, b in ((one, other), (other, one))
        )
        if not chips(first) == chips(second) == sorted([one[1], other[1]]):
            wrong.append(f"{one[0]}{joint}{other[0]}: {chips(first)}, reversed {chips(second)}")
        elif set(first.targets) != set(second.targets):
            wrong.append(f"{one[0]}{joint}{other[0]}: {first.targets}, reversed {second.targets}")
    assert not wrong, "\n".join(wrong)
