"""The demo shop's photos: each shows a shoe, and differs from others where it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fakeshop.drawing import MARKS, SILHOUETTES, VIEWS, Look, Scene, photo
from tests.fakeshop.drawing.look import BACKDROPS

SIZE = 96
ROOT = Path(__file__).resolve().parents[1]


def pixels(look: Look, scene: Scene = Scene()) -> np.ndarray:  # noqa: B008
    return np.asarray(photo(look, scene, size=SIZE), np.float32) / 255


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("silhouette", SILHOUETTES)
def test_every_view_of_every_silhouette_shows_a_shoe_inside_the_frame(
    silhouette: Any, view: Any
) -> None:
    look = Look(silhouette=silhouette, colours=("red", "navy", "black"), mark="bolt")
    picture = pixels(look, Scene(view=view))
    drawn = (np.abs(picture - 1) > 0.25).any(axis=-1)
    assert 0.03 < drawn.mean() < 0.6
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert (edge > 0.75).all(), "the shoe is cut off"


def test_the_same_look_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "from tests.fakeshop import catalog; from tests.fakeshop.drawing import photo_bytes\n"
        "import hashlib; p = catalog(limit=9)[8]\n"
        "print(hashlib.sha256(photo_bytes(p.look, p.photos[1].scene, size=96)).hexdigest())"
    )
    sums = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(sums) == 1


def test_silhouettes_differ_more_than_marks_do() -> None:
    colours = ("black", "white", "white")
    shapes = [pixels(Look(silhouette=s, colours=colours)).min(axis=-1) < 0.5 for s in SILHOUETTES]
    for i, one in enumerate(shapes):
        for other in shapes[i + 1 :]:
            overlap = (one & other).sum() / (one | other).sum()
            assert overlap < 0.93
    marks = [pixels(Look(silhouette="runner", colours=colours, mark=mark)) for mark in MARKS]
    for i, one in enumerate(marks):
        for other in marks[i + 1 :]:
            changed = (np.abs(one - other) > 0.2).any(axis=-1).mean()
            assert 0.001 < changed < 0.06


def test_a_colorway_changes_the_colours_and_not_the_outline() -> None:
    red = pixels(Look(silhouette="sneaker", colours=("red", "red", "black")))
    blue = pixels(Look(silhouette="sneaker", colours=("blue", "blue", "black")))
    shoe = red[..., 0] - red[..., 2] > 0.3
    assert shoe.mean() > 0.05
    assert (blue[..., 2] > blue[..., 0])[shoe].mean() > 0.97
    outside = ((red > 0.99) & (blue > 0.99)).all(axis=-1)
    either = ((red > 0.99) | (blue > 0.99)).all(axis=-1)
    assert abs(int(outside.sum()) - int(either.sum())) < 0.01 * outside.size


def test_backdrops_differ_and_leave_the_shoe_alone() -> None:
    look = Look(silhouette="boot", colours=("brown", "black", "black"))
    shots = {name: pixels(look, Scene(backdrop=name)) for name in BACKDROPS}
    corners = {
        name: shot[:8, :8].mean(axis=(0, 1)).round(2).tolist() for name, shot in shots.items()
    }
    assert len({tuple(corner) for corner in corners.values()}) == len(BACKDROPS)
    middle = [shot[44:60, 30:40] for shot in shots.values()]
    assert max(float(np.abs(m - middle[0]).max()) for m in middle) < 0.02


def test_medial_mirrors_the_lateral_view_without_repeating_it() -> None:
    look = Look(silhouette="runner", colours=("grey", "orange", "white"), mark="cross")
    lateral, medial = pixels(look), pixels(look, Scene(view="medial"))[:, ::-1]
    difference = np.abs(lateral - medial).max(axis=-1)
    assert 0 < (difference > 0.2).mean() < 0.2
