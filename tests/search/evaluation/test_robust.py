"""Distorted queries: the same ones each time, kept apart, and compared with the photo as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from search.evaluation.distortions import DISTORTIONS, PLAIN, variant_of
from search.evaluation.nonshoes import kinds, non_shoes
from search.evaluation.protocol import EvaluationError, Request
from search.evaluation.tasks import run_task
from search.evaluation.tasks.robust import CROP, STOOD, Helpers
from search.nonshoes import seeded
from tests.fakes import FakeEncoder
from tests.search.encoders.contract import drawn_shoe
from tests.search.evaluation.folders import model_folders, shoe
from tests.search.evaluation.test_datasets import read_folders
from tests.search.evaluation.test_embeddings import Counting


def request(data: Path, encoder: FakeEncoder | None = None, **options: Any) -> Request:
    return Request(
        encoder=encoder or FakeEncoder(), data=data, cache=data.parent / "kept", side="all",
        **options,
    )  # fmt: skip


@pytest.mark.parametrize("name", [name for name in DISTORTIONS if name != PLAIN])
def test_a_distortion_changes_a_photo_and_always_in_the_same_way(name: str) -> None:
    photo = shoe(1, "red", 0)
    once, again = (DISTORTIONS[name](photo, seeded("a key")) for _ in range(2))
    assert once.mode == "RGB"
    assert once.tobytes() == again.tobytes() != photo.tobytes()


def test_distortions_do_what_their_names_say() -> None:
    photo = shoe(1, "red", 0)
    made = {name: change(photo, seeded("key")) for name, change in DISTORTIONS.items()}
    assert made[PLAIN] is photo
    assert max(made["small-64"].size) == 64
    assert made["crop-70"].size == (112, 84)
    assert made["rotate-90"].size == photo.size[::-1]
    assert np.asarray(made["dark"]).mean() < 0.5 * np.asarray(photo).mean()
    # Upside down twice, and mirrored twice, is the photo again.
    turned = DISTORTIONS["rotate-180"](made["rotate-180"], seeded("key"))
    assert np.abs(np.asarray(turned, int) - np.asarray(photo, int)).mean() < 2


def test_clutter_keeps_the_shoe_and_replaces_plain_ground() -> None:
    photo = drawn_shoe("red")
    made = np.asarray(DISTORTIONS["clutter"](photo, seeded("key")))
    pixels = np.asarray(photo)
    red = (pixels == (255, 0, 0)).all(axis=2)
    assert (made[red] == pixels[red]).all()
    assert (made[:3, :3] != 255).any()
    busy = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8))
    assert DISTORTIONS["clutter"](busy, seeded("key")).size == busy.size


def test_each_distortion_is_a_row_with_its_loss(tmp_path: Path) -> None:
    data = model_folders(tmp_path / "shoes", models=3, photos=4)
    measured = run_task("robust", request(data))
    assert [name for name in measured.rows if not name.endswith(CROP)] == [*DISTORTIONS, *STOOD]
    assert PLAIN + CROP in measured.rows
    assert set(measured.extras) == set(measured.rows) - {PLAIN}
    for distortion, row in measured.rows.items():
        assert row["top1"].n == 12
        if distortion != PLAIN:
            lost = measured.rows[PLAIN]["top1"].value - row["top1"].value
            assert measured.extras[distortion]["top-1 lost"].startswith(f"{lost:+.3f} ")


def test_distortions_and_the_naming_method_are_chosen(tmp_path: Path) -> None:
    data = model_folders(tmp_path / "shoes", models=2, photos=3)
    assert list(run_task("robust", request(data, method="blur,dark")).rows) == [
        PLAIN, "blur", "dark",
    ]  # fmt: skip
    measured = run_task("robust", request(data, method="prototype"))
    assert list(measured.rows) == list(DISTORTIONS)
    assert "named by prototype" in measured.setting
    with pytest.raises(EvaluationError, match="one naming method"):
        run_task("robust", request(data, method="knn,prototype"))
    with pytest.raises(EvaluationError, match="no parameter"):
        run_task("robust", request(data, method="blur:3"))


def test_rows_upright_turn_photos_back_as_the_site_does(tmp_path: Path) -> None:
    photos = read_folders(model_folders(tmp_path / "shoes", models=4, photos=4))
    upright, lying = "rotate-0+upright", "rotate-90+upright"
    helpers = Helpers.learn(request(tmp_path), photos, [upright, lying])
    for place in range(len(photos)):
        photo = shoe(place, "red", 9)
        for row in (upright, lying):
            change = helpers.variant(row)
            assert change is not None
            assert change.of(photo, "key").tobytes() == photo.tobytes()


def test_distorted_photos_are_encoded_once(tmp_path: Path) -> None:
    data = model_folders(tmp_path / "shoes", models=2, photos=3)
    encoder = Counting()
    run_task("robust", request(data, encoder, method="blur"))
    assert encoder.encoded == 6 + 6
    run_task("robust", request(data, encoder, method="blur,mirror"))
    assert encoder.encoded == 6 + 6 + 6


def test_a_variant_is_the_same_for_the_same_bytes() -> None:
    photo, crop = shoe(0, "red", 0), variant_of("crop-70")
    assert crop is not None
    assert crop.of(photo, "a").tobytes() == crop.of(photo, "a").tobytes()
    assert crop.of(photo, "a").tobytes() != crop.of(photo, "b").tobytes()
    assert variant_of(PLAIN) is None


def test_pictures_that_are_no_shoes_are_drawn_by_name(tmp_path: Path) -> None:
    photos = read_folders(model_folders(tmp_path / "shoes", models=2, photos=2))
    drawn = non_shoes(photos, each=6, seed=1)
    assert kinds(drawn) == {"texture": 6, "drawing": 6, "pieces": 4, "shuffled": 4}
    again = non_shoes(photos, each=6, seed=1)
    assert list(again) == list(drawn)
    for name in drawn:
        assert drawn[name]().tobytes() == again[name]().tobytes()
    assert set(non_shoes(photos, each=2, seed=2)).isdisjoint(
        name for name in drawn if not name.startswith(("pieces", "shuffled"))
    )
