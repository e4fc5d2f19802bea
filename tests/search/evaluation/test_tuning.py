"""manage.py tune_edit: the mixture's recipe is chosen on validation, its weights are learned."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from search.evaluation import tuning
from search.evaluation.datasets import read_dataset
from search.evaluation.protocol import Request
from search.evidence.pixels import framed_coarsely, tally
from search.fusion.mixture import recipe
from search.texts import COLOUR_SLUGS
from tests.fakes import FakeEncoder
from tests.search.evaluation.folders import COLOURS, footlocker, shoe

GRID = {"colour": (0.0, 0.7), "outlines": (0.0, 0.2)}
COMMAND = "search.management.commands.tune_edit"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tuning, "GRID", GRID)
    return footlocker(tmp_path / "data", models=16)


def tune(data: Path, *arguments: str) -> str:
    out = StringIO()
    call_command("tune_edit", "--data", str(data), *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_best_of_what_was_tried_is_chosen(data: Path, tmp_path: Path) -> None:
    request = Request(encoder=FakeEncoder(), data=data, cache=tmp_path / "kept", side="validation")
    said: list[str] = []
    start = replace(recipe(), colour=0.0, text=0.0)  # blind to what is wished for
    best, reached = tuning.recipe_choose(request, said.append, start=start)
    tried = [float(part.split()[1]) for line in said for part in line.split(":")[1].split(",")]
    assert reached == pytest.approx(max(tried), abs=1e-4)
    assert reached > min(tried)
    assert best.colour == 0.7
    untouched = ("text", "axes", "temperature", "floor", "pixels", "unwanted")
    assert all(getattr(best, name) == getattr(start, name) for name in untouched)


def test_the_command_writes_what_it_chose(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.VAR_DIR = tmp_path
    file = tmp_path / "recipe.json"
    monkeypatch.setattr(f"{COMMAND}.FILE", file)
    assert "on validation" in tune(data, "--dry-run")
    assert not file.exists()
    told = tune(data)
    kept = json.loads(file.read_text())
    assert kept["about"]["split"] == "validation"
    assert f"mAP {kept['about']['map']:.4f}" in told
    assert set(kept["recipe"]) == set(recipe().__dataclass_fields__)
    with pytest.raises(CommandError, match="nothing"):
        tune(tmp_path / "nothing")


def test_learned_weights_name_the_colours_of_new_photos(data: Path) -> None:
    photos = read_dataset(data, "footlocker")
    learned = tuning.weights_learn(photos, lambda *_: None)
    assert learned.edges.shape[1] == tuning.DIRECTIONS
    assert learned.names == COLOUR_SLUGS
    framed = [framed_coarsely(shoe(99, colour, 0)) for colour in COLOURS]
    tallies = np.stack([tally(one, learned.palette) for one in framed])
    logits = 3 * tallies @ learned.colours[:-1] + learned.colours[-1]
    assert [COLOUR_SLUGS[place] for place in logits.argmax(axis=1)] == list(COLOURS)
    assert logits[:, COLOUR_SLUGS.index("pink")].max() < logits.max(axis=1).min()
