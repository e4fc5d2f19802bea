"""manage.py evaluate predictions: right from a confidence on, and how much is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.evaluation.protocol import EvaluationError, Request
from search.evaluation.tasks import run_task
from search.recognition.voting import NEIGHBOURS, attribute_vote
from tests.fakes import FakeEncoder
from tests.search.evaluation.folders import footlocker


def request(data: Path, **options: Any) -> Request:
    return Request(encoder=FakeEncoder(), data=data, cache=data.parent / "kept", **options)


def test_what_is_surer_is_told_less_often(tmp_path: Path) -> None:
    rows = run_task("predictions", request(footlocker(tmp_path / "data", models=4))).rows
    for attribute in ("colour", "brand", "gender"):
        told = [rows[f"{attribute}@{least}"]["told"].value for least in ("0", "0.6", "0.8", "0.9")]
        assert told[0] == 1
        assert told == sorted(told, reverse=True)
    assert rows["brand@0.8"]["right"].value == 1  # there is but one
    assert rows["colour@0"]["right"].value > 0.25
    assert not any(name.startswith("height") for name in rows)


def test_no_shoe_has_a_vote_on_itself(tmp_path: Path) -> None:
    alone = request(footlocker(tmp_path / "data", models=1), method="brand")
    rows = run_task("predictions", alone).rows
    assert rows["brand@0.6"] == {"told": rows["brand@0.6"]["told"]}
    assert rows["brand@0.6"]["told"].value == 0


def test_the_training_share_is_not_asked(tmp_path: Path) -> None:
    data = footlocker(tmp_path / "data", models=4)
    with pytest.raises(EvaluationError, match="training share"):
        run_task("predictions", request(data, side="train"))


def test_few_neighbours_are_never_sure() -> None:
    assert attribute_vote(np.empty(0), []) == ("", 0.0)
    assert attribute_vote(np.array([0.9]), ["low"]) == ("low", 0.5)
    value, share = attribute_vote(np.full(NEIGHBOURS, 0.9), ["low"] * NEIGHBOURS)
    assert value == "low"
    assert share == pytest.approx(NEIGHBOURS / (NEIGHBOURS + 1))
