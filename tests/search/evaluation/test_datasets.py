"""Labelled photos on disk become records, and what is amiss is told."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from PIL import Image

from search.evaluation.datasets import (
    READERS,
    DatasetError,
    read_dataset,
    read_folders,
    read_labelled,
)
from search.evaluation.splits import NEAR, dhashes
from tests.search.evaluation.test_splits import noise

FOOTLOCKER = ("file", "brand", "title", "model_name", "audience", "model_id", "colours")
MYNTRA = ("file", "id", "title", "brand", "gender", "type", "colour")


def write_table(folder: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    (folder / "images").mkdir(parents=True)
    with (folder / "products.csv").open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(columns)
        writer.writerows(rows)
    for i, row in enumerate(rows):
        noise(i).save(folder / "images" / row[0])


@pytest.fixture
def footlocker(tmp_path: Path) -> Path:
    rows = [
        ("a.jpg", "acme", "Acme Hop High - Men's", "Acme Hop High", "Men's", "1", "black/red"),
        ("b.jpg", "acme", "Acme Hop High - Men's", "Acme Hop High", "Men's", "2", "red/red"),
        ("c.jpg", "acme", "Acme Skip", "Acme Skip", "Boys' Toddler", "2", ""),
        ("d.jpg", "zeta", "Zeta Run", "Zeta Run", "", "3", "navy"),
    ]
    write_table(tmp_path / "footlocker", FOOTLOCKER, rows)
    return tmp_path


def test_a_retailers_table_is_read(footlocker: Path) -> None:
    first, second, third, fourth = read_dataset(footlocker, "footlocker")
    assert first.path == footlocker / "footlocker" / "images" / "a.jpg"
    assert (first.brand, first.model, first.model_id) == ("acme", "hop high", "1")
    assert (first.colours, first.gender, first.height) == (("black", "red"), "men", "high")
    assert second.colours == ("red",)
    assert (third.gender, third.colours) == ("boys", ())
    assert fourth.gender == ""


def test_models_that_share_an_id_or_a_name_stay_together(footlocker: Path) -> None:
    first, second, third, fourth = read_dataset(footlocker, "footlocker")
    assert first.group == second.group == third.group
    assert fourth.group != first.group


def test_the_shops_own_spelling_is_made_ours(tmp_path: Path) -> None:
    rows = [("1.jpg", "1", "T", "ADIDAS Originals", "Women", "Flip Flops", "Navy Blue")]
    write_table(tmp_path / "myntra", MYNTRA, rows)
    (photo,) = read_dataset(tmp_path, "myntra")
    assert (photo.brand, photo.gender) == ("adidas", "women")
    assert (photo.category, photo.colours) == ("flip flops", ("navy",))


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "sneakers50"
    for i, name in enumerate(["new_balance_550", "nike_dunk_high", "nike_dunk_high"]):
        (folder / name).mkdir(parents=True, exist_ok=True)
        noise(i).save(folder / name / f"{i}.jpg")
    noise(0).resize((120, 80)).save(folder / "nike_dunk_high" / "again.jpg")
    (folder / "nike_dunk_high" / "notes.txt").write_text("no photo")
    return tmp_path


def test_folders_are_brand_and_model(models: Path) -> None:
    photos = read_dataset(models, "sneakers50")
    assert [(p.brand, p.model, p.height) for p in photos] == [
        ("new balance", "550", "low"),
        *[("nike", "dunk high", "high")] * 3,
    ]


def test_near_duplicates_in_two_folders_share_a_group(models: Path) -> None:
    by_name = {photo.path.name: photo for photo in read_dataset(models, "sneakers50")}
    assert (
        by_name["again.jpg"].group == by_name["0.jpg"].group == "sneakers50:new_balance_550/0.jpg"
    )
    assert len({photo.group for photo in by_name.values()}) == 3


def test_any_folder_of_model_folders_is_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "Comet Glide 3").mkdir()
    noise(1).save(tmp_path / "Comet Glide 3" / "x.png")
    (photo,) = read_labelled(tmp_path)
    assert (photo.brand, photo.model, photo.model_id) == ("", "comet glide 3", "Comet Glide 3")


def test_only_the_sets_that_are_there_are_read(footlocker: Path) -> None:
    assert {photo.dataset for photo in read_labelled(footlocker)} == {"footlocker"}


def _no_table(folder: Path) -> None:
    (folder / "myntra").mkdir()


def _no_photo(folder: Path) -> None:
    write_table(folder / "myntra", MYNTRA, [("1.jpg", "1", "T", "B", "Men", "Flats", "Red")])
    (folder / "myntra" / "images" / "1.jpg").unlink()


def _no_column(folder: Path) -> None:
    write_table(folder / "myntra", ("file", "id"), [("1.jpg", "1")])


def _no_rows(folder: Path) -> None:
    write_table(folder / "myntra", MYNTRA, [])


def _no_image(folder: Path) -> None:
    _no_photo(folder)
    (folder / "myntra" / "images" / "1.jpg").write_text("not a photo")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: None, "is missing: there is no folder"),
        (_no_table, "lacks its products.csv"),
        (_no_photo, "line 2: there is no photo"),
        (_no_column, "lacks the columns brand, colour, gender, title, type"),
        (_no_rows, "holds no photo"),
        (_no_image, "cannot be read"),
    ],
)
def test_what_is_amiss_is_told(tmp_path: Path, spoil: Callable[[Path], None], says: str) -> None:
    spoil(tmp_path)
    with pytest.raises(DatasetError, match=says):
        read_dataset(tmp_path, "myntra")


def test_nothing_readable_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="neither"):
        read_labelled(tmp_path)
    with pytest.raises(DatasetError, match="There is no folder"):
        read_labelled(tmp_path / "absent")
    with pytest.raises(DatasetError, match="No data set is called"):
        read_dataset(tmp_path, "imagenet")


def test_hidden_folders_are_no_models(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    Image.new("RGB", (9, 9)).save(tmp_path / ".cache" / "x.png")
    assert read_folders(tmp_path) == []


@pytest.mark.data
@pytest.mark.skipif(
    not Path(settings.SHOEFINDER_DATA).is_dir(), reason="SHOEFINDER_DATA is not on this machine"
)
def test_nothing_leaks_across_the_published_sets() -> None:
    data = Path(settings.SHOEFINDER_DATA)
    photos = [photo for name in READERS for photo in read_dataset(data, name)]
    sides: dict[str, set[str]] = defaultdict(set)
    for photo in photos:
        sides[photo.group].add(photo.split)
        if photo.dataset == "footlocker":  # no model on two sides, by id or by name
            sides[f"id {photo.model_id}"].add(photo.split)
            sides[f"name {photo.model}"].add(photo.split)
    assert all(len(found) == 1 for found in sides.values())
    sneakers = [photo for photo in photos if photo.dataset == "sneakers50"]
    hashes = dhashes([photo.path for photo in sneakers])
    split = np.array([photo.split for photo in sneakers])
    for i, value in enumerate(hashes):
        near = np.bitwise_count(hashes ^ value) <= NEAR
        assert (split[near] == split[i]).all()
