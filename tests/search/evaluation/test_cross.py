"""Two kinds of photos of the same models: the crosswalk by name, and what may be compared."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from search.evaluation.crosswalk import name_key
from search.evaluation.datasets import DatasetError
from search.evaluation.protocol import Request
from search.evaluation.tasks import run_task
from search.evaluation.tasks.cross import cross_sides
from tests.fakes import FakeEncoder
from tests.search.evaluation.folders import footlocker, model_folders


def request(data: Path, **options: Any) -> Request:
    return Request(encoder=FakeEncoder(), data=data, cache=data.parent / "kept", **options)


@pytest.mark.parametrize(
    ("street", "shop"),
    [
        (("nike", "dunk high"), ("nike", "dunk hi")),
        (("nike", "air force 1 low"), ("nike", "air force 1 '07 lv8 nba")),
        (("nike", "air force 1 high"), ("nike", "air force 1 high lv8")),
        (("nike", "blazer mid 77"), ("nike", "blazer mid")),
        (("adidas", "ultraboost"), ("adidas", "ultra boost")),
        (("adidas", "nmd r1"), ("adidas", "originals nmd r1")),
        (("adidas", "superstar"), ("adidas", "originals superstar 80's")),
        (("vans", "sk8-hi"), ("Vans", "Sk8-Hi")),
        (("vans", "slip-on checkerboard"), ("vans", "classic slip on")),
    ],
)
def test_one_silhouette_under_two_names(street: tuple[str, str], shop: tuple[str, str]) -> None:
    assert name_key(*street) == name_key(*shop)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("nike", "air force 1 low"), ("nike", "air force 1 mid")),
        (("nike", "air max 90"), ("nike", "air max 90 ultra 2.0")),
        (("adidas", "stan smith"), ("adidas", "originals stan smith primeknit")),
        (("vans", "old skool"), ("vans", "old skool platform")),
        (("nike", "air max 1"), ("nike", "air max 2011")),
        (("adidas", "samba"), ("puma", "samba")),
    ],
)
def test_different_shapes_stay_apart(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert name_key(*one) != name_key(*other)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four models in the street, six in the shop, of which three are in both."""
    folder = footlocker(tmp_path / "data", models=6)
    model_folders(folder / "sneakers50", models=4, photos=3)
    (folder / "sneakers50" / "acme_model_3").rename(folder / "sneakers50" / "acme_other")
    return folder


def test_models_that_both_have_are_asked_for(data: Path) -> None:
    measured = run_task("cross", request(data))
    assert "9 queries against 12 photos of the 3 models" in measured.setting
    assert "all 24 photos of 6 models" in measured.setting
    assert set(measured.rows["image"]) == {"r1", "r10", "map"}
    assert measured.rows["knn"]["top1"].value >= measured.rows["knn@catalog"]["top1"].value
    assert measured.rows["knn"]["top1"].n == 9


def test_two_folders_of_models_are_compared(data: Path, tmp_path: Path) -> None:
    asked = model_folders(tmp_path / "asked", models=2, photos=2)
    measured = run_task("cross", request(data, gallery=data, queries=asked))
    assert measured.rows["prototype"]["top1"].n == 4


def test_in_the_training_data_only_unseen_queries_are_asked(tmp_path: Path) -> None:
    folder = footlocker(tmp_path / "data", models=4)
    model_folders(folder / "sneakers50", models=4, photos=12)
    _, queries = cross_sides(request(folder, training_data=folder))
    assert {photo.split for photo in queries} == {"test"}
    assert len(cross_sides(request(folder))[1]) == 48


def test_a_picture_that_both_have_never_answers(tmp_path: Path) -> None:
    shop = footlocker(tmp_path / "shop", models=6, colours=("red",))
    asked = tmp_path / "asked" / "acme_model_1"
    asked.mkdir(parents=True)
    shutil.copy(shop / "footlocker" / "images" / "1_red_0.png", asked / "planted.png")
    rows = run_task("cross", request(shop, gallery=shop, queries=tmp_path / "asked")).rows
    # It is the only photo of its model: had it been let in, it would be found first.
    assert rows["image@catalog"]["r10"].value == 0
    assert rows["knn@catalog"]["top1"].value == 0


def test_what_cannot_be_compared_is_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="lacks sneakers50"):
        run_task("cross", request(footlocker(tmp_path / "shop")))
    strangers = model_folders(tmp_path / "strangers", models=1, photos=1)
    (strangers / "acme_model_0").rename(strangers / "acme_nothing")
    with pytest.raises(DatasetError, match="No model is both"):
        run_task("cross", request(data, gallery=data, queries=strangers))
