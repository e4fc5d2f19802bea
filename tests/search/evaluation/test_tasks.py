"""manage.py evaluate: the protocols on drawn data, its interface, and no leak between sides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError
from PIL import Image

from catalog.colours import BY_SLUG
from search.duplicates import near_duplicate_groups
from search.evaluation.datasets import ShoePhoto, read_dataset, read_folders
from search.evaluation.naming import METHODS, SLOW, Contest, named_by
from search.evaluation.protocol import EvaluationError, Request
from search.evaluation.splits import dhashes
from search.evaluation.tasks import run_task
from search.evaluation.tasks.edit import Judge, edit_photos, edit_queries, encode_queries
from search.evaluation.tasks.recognise import sides, smaller_galleries
from search.fusion import FUSIONS
from search.recognition import Gallery
from search.texts import text_space
from tests.fakes import FakeEncoder
from tests.search.evaluation.asking import evaluate, request, results
from tests.search.evaluation.folders import COLOURS, footlocker, model_folders, shoe

SIZED = ("@1", "@2", "@4")


class TestRecognise:
    def test_gallery_and_queries_are_taken_whole(self, tmp_path: Path) -> None:
        gallery = model_folders(tmp_path / "gallery", models=4, photos=5)
        asked = model_folders(tmp_path / "asked", models=3, photos=4)
        file = tmp_path / "out" / "figures.json"
        table = evaluate("recognise", "--gallery", str(gallery), "--queries", str(asked),
                         "--json", str(file))  # fmt: skip
        rows = results(file, "recognise")
        quick = set(METHODS) - SLOW
        assert set(rows) == {f"{name}{size}" for name in quick for size in ("", *SIZED)}
        for row in rows.values():
            assert set(row) == {"top1", "top5", "macro_precision", "macro_recall"}
            assert row["top5"]["n"] == 12
        assert rows["knn"]["top5"]["value"] == 1.0  # there are but four models
        assert "12 queries against 20 photos of 4 models" in re.sub(r"\s+", " ", table)

    def test_a_query_of_an_unknown_model_is_wrong(self, tmp_path: Path) -> None:
        gallery = model_folders(tmp_path / "gallery", models=2, photos=4)
        asked = model_folders(tmp_path / "asked", models=2, photos=1)
        (asked / "acme_model_0").rename(asked / "acme_model_9")
        row = run_task("recognise", request(tmp_path, gallery=gallery, queries=asked)).rows["knn"]
        assert row["top5"].value == 0.5

    def test_a_folder_of_its_own_is_split(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=6, photos=12)
        measured = run_task("recognise", request(data))
        judged = [photo for photo in read_folders(data) if photo.split == "test"]
        assert measured.rows["knn"]["top1"].n == len(judged) > 0

    def test_sneakers50_is_preferred_where_it_is(self, tmp_path: Path) -> None:
        model_folders(tmp_path / "data" / "sneakers50", models=4, photos=12)
        footlocker(tmp_path / "data")
        measured = run_task("recognise", request(tmp_path / "data"))
        assert "of 4 models" in measured.setting

    def test_each_photo_against_all_others(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=3, photos=4)
        row = run_task("recognise", request(data, side="all")).rows["knn"]
        assert row["top1"].n == 12
        # Two models of one photo each: without itself each can only be taken for the other.
        alone = model_folders(tmp_path / "alone", models=2, photos=1)
        asked = request(alone, side="all", method="knn,prototype")
        for row in run_task("recognise", asked).rows.values():
            assert row["top1"].value == 0.0

    def test_limit_draws_queries_by_seed(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=3, photos=6)
        asked = request(data, side="all", limit=5, seed=1)
        assert run_task("recognise", asked).rows["knn"]["top1"].n == 5
        assert asked.sample(range(100)) == asked.sample(range(100))
        assert asked.sample(range(100)) != request(data, limit=5, seed=2).sample(range(100))

    def test_queries_from_what_was_trained_on_are_refused(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=2, photos=2)
        with pytest.raises(EvaluationError, match="training share"):
            run_task("recognise", request(data, side="train"))

    @pytest.mark.parametrize("side", ["test", "validation"])
    def test_no_near_duplicate_is_on_both_sides(self, tmp_path: Path, side: Any) -> None:
        data = model_folders(tmp_path / "shoes", models=8, photos=10)
        for copied in sorted(data.glob("*/*.png"))[::2]:  # every second photo once more, smaller
            with Image.open(copied) as image:
                image.resize((128, 96)).save(copied.with_suffix(".jpg"), quality=60)
        gallery, queries = sides(request(data, side=side))
        assert gallery
        assert queries
        assert leaks(gallery, queries) == 0

    def test_validation_never_shows_the_test_share(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=8, photos=10)
        gallery, queries = sides(request(data, side="validation"))
        assert {photo.split for photo in gallery} == {"train"}
        assert {photo.split for photo in queries} == {"validation"}

    def test_a_planted_leak_is_seen(self, tmp_path: Path) -> None:
        data = model_folders(tmp_path / "shoes", models=8, photos=10)
        gallery, queries = sides(request(data))
        with Image.open(gallery[0].path) as image:
            image.save(tmp_path / "copy.jpg", quality=70)
        planted = ShoePhoto(path=tmp_path / "copy.jpg", dataset="shoes", group="its own")
        assert leaks(gallery, [*queries, planted]) == 1

    def test_votes_and_class_means_by_hand(self) -> None:
        gallery = np.array([[1, 0], [0.8, 0.6], [0, 1]], np.float32)
        asked = np.array([[0.96, 0.28], [0, 1]], np.float32)

        def contest(*itself: tuple[int, int]) -> Contest:
            same = np.zeros((2, 3), bool)
            for pair in itself:
                same[pair] = True
            return Contest(
                queries=asked, gallery=Gallery.of(gallery, [0, 0, 1], ["a", "b"]),
                truth=np.array([0, 1]), same=same, names=("a", "b"),
            )  # fmt: skip

        for method in ("knn", "prototype"):
            assert named_by(method, contest())[:, :2].tolist() == [[0, 1], [1, 0]]
            assert named_by(method, contest((1, 2)))[1, :2].tolist() == [0, -2]
        # What cannot unlearn a photo does not learn it.
        assert named_by("discriminant", contest((1, 2)))[1, :2].tolist() == [0, -2]

    def test_smaller_galleries_hold_so_many_of_each_model(self) -> None:
        labels = [0] * 9 + [1] * 3 + [2]
        gallery = Gallery.of(np.zeros((13, 2), np.float32), labels, ["a", "b", "c"])
        contest = Contest(
            queries=np.zeros((1, 2), np.float32), gallery=gallery, truth=np.array([0]),
            same=np.zeros((1, 13), bool), names=("a", "b", "c"),
        )  # fmt: skip
        small = smaller_galleries(contest, seed=3)
        counted = {size: one.gallery.counts.tolist() for size, one in small.items()}
        assert counted == {1: [1, 1, 1], 2: [2, 2, 1], 4: [4, 3, 1], 8: [8, 3, 1]}


class TestEdit:
    def test_every_method_is_measured(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=6)
        file = tmp_path / "figures.json"
        evaluate("edit", "--data", str(data), "--method", "all", "--json", str(file))
        rows = results(file, "edit")
        assert set(rows) == set(FUSIONS)
        for row in rows.values():
            assert set(row) == {"r1", "r10", "map", "edit10", "identity10", "both10"}
            assert row["map"]["n"] == 6 * len(COLOURS) * (len(COLOURS) - 1)
        assert rows["direction"]["map"]["value"] > rows["image"]["map"]["value"]
        assert rows["text"]["edit10"]["value"] > rows["image"]["edit10"]["value"]
        assert rows["image"]["identity10"]["value"] > rows["text"]["identity10"]["value"]

    def test_baselines_stand_beside_a_method(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=2)
        measured = run_task("edit", request(data, method="weicom"))
        assert set(measured.rows) == {"image", "text", "sum", "product", "weicom"}

    def test_queries_ask_for_colours_that_the_model_comes_in(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=2, colours=("black", "red"))
        photos = read_dataset(data, "footlocker")
        asked = edit_queries(photos)
        assert len(asked) == 4
        for query in asked:
            own = photos[query.photo]
            assert BY_SLUG[query.colour].name != own.colours[0]
            assert any(
                photo.group == own.group and photo.colours[0] == query.colour for photo in photos
            )
        assert asked[0].words == "in red"

    def test_the_photo_itself_is_never_an_answer(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=3, colours=("black", "red"))
        photos = edit_photos(request(data))
        queries = edit_queries(photos)
        vectors = request(data).embed(photos, "photos")
        encoded, _ = encode_queries(queries, vectors, text_space(FakeEncoder()))
        figures = Judge(photos, queries).figures(FUSIONS["image"], encoded, vectors)
        # Each model has one photo in each colour: itself is all that "image" finds of its colour.
        assert figures["identity10"].max() <= 1
        assert figures["r1"].mean() < 1

    def test_in_the_training_data_only_unseen_models_are_judged(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=40, colours=("black", "red"))
        everything = edit_photos(request(data))
        judged = edit_photos(request(data, training_data=data))
        assert len(everything) == 80
        assert {photo.split for photo in judged} == {"test"}
        others = {photo.group for photo in everything if photo.split != "test"}
        assert not {photo.group for photo in judged} & others
        assert {p.model_id for p in judged}.isdisjoint(
            p.model_id for p in everything if p.split != "test"
        )

    def test_another_share_can_be_asked_for(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=40, colours=("black", "red"))
        chosen = edit_photos(request(data, training_data=data, side="validation"))
        assert {photo.split for photo in chosen} == {"validation"}

    def test_one_colour_is_nothing_to_ask_for(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=3, colours=("red",))
        with pytest.raises(CommandError, match="two colours"):
            evaluate("edit", "--data", str(data))


class TestAttributes:
    def test_words_name_the_colour_better_than_the_majority(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=4)
        file = tmp_path / "figures.json"
        evaluate("attributes", "--data", str(data), "--method", "colour", "--json", str(file))
        rows = results(file, "attributes")
        assert set(rows) == {"colour", "colour-seen", "colour-majority"}
        assert rows["colour"]["top1"]["value"] > rows["colour-majority"]["top1"]["value"] == 0.25

    def test_what_a_folder_does_not_say_is_left_out(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=3)
        rows = run_task("attributes", request(data)).rows
        assert {"colour", "brand", "gender"} <= set(rows)
        assert "height" not in rows
        with pytest.raises(CommandError, match="attribute"):
            evaluate("attributes", "--data", str(data), "--method", "height")

    def test_the_majority_is_that_of_the_gallery(self, tmp_path: Path) -> None:
        gallery = footlocker(tmp_path / "gallery", models=3, colours=("red",))
        queries = footlocker(tmp_path / "queries", models=2, colours=("red", "black", "navy"))
        asked = request(tmp_path, gallery=gallery, queries=queries, method="colour")
        row = run_task("attributes", asked).rows["colour-majority"]
        assert row["top1"].value == pytest.approx(1 / 3)
        assert row["top1"].n == 6

    def test_in_the_training_data_the_majority_comes_from_the_rest(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=40, colours=("black", "red"))
        asked = request(data, training_data=data, method="colour")
        judged = [p for p in read_dataset(data, "footlocker") if p.split == "test"]
        assert run_task("attributes", asked).rows["colour"]["top1"].n == len(judged)


class TestText:
    def test_descriptions_find_their_colour(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=3)
        file = tmp_path / "figures.json"
        evaluate("text", "--data", str(data), "--json", str(file))
        rows = results(file, "text")
        assert set(rows) == {"title", "description"}
        assert rows["title"]["mrr"]["n"] == 3
        assert rows["description"]["mrr"]["n"] == len(COLOURS)
        assert rows["description"]["r1"]["value"] >= 0.75

    def test_photos_without_words_are_told(self, tmp_path: Path) -> None:
        data = footlocker(tmp_path / "data", models=1)
        table = data / "footlocker" / "products.csv"
        table.write_text(table.read_text().replace("acme,", ",").replace("Acme Model 0,", ",", 1))
        rows = run_task("text", request(data)).rows
        assert "description" not in rows


@pytest.mark.data
class TestPublishedData:
    """The protocols hold on the real photos, where they are."""

    @pytest.fixture
    def data(self) -> Path:
        folder = settings.SHOEFINDER_DATA
        if not folder.is_dir():
            pytest.skip(f"SHOEFINDER_DATA ({folder}) is not there")
        return folder

    def test_no_near_duplicate_crosses_in_sneakers50(self, data: Path) -> None:
        gallery, queries = sides(Request(encoder=FakeEncoder(), data=data))
        assert leaks(gallery, queries) == 0

    def test_no_model_crosses_in_footlocker(self, data: Path) -> None:
        photos = read_dataset(data, "footlocker")
        for side in ("test", "validation"):
            judged = [photo for photo in photos if photo.split == side]
            others = [photo for photo in photos if photo.split != side]
            for attribute in ("model_id", "model", "group"):
                ours = {(photo.brand, getattr(photo, attribute)) for photo in judged}
                assert ours.isdisjoint((p.brand, getattr(p, attribute)) for p in others)


def leaks(gallery: list[ShoePhoto], queries: list[ShoePhoto]) -> int:
    """Queries that are near-duplicates of a gallery photo, told anew from their pixels."""
    hashes = dhashes([photo.path for photo in (*gallery, *queries)])
    groups = near_duplicate_groups(hashes, near=2)
    return int(np.isin(groups[len(gallery) :], groups[: len(gallery)]).sum())


def test_the_drawn_shoes_are_no_near_duplicates(tmp_path: Path) -> None:
    paths = []
    for number in range(12):
        paths.append(tmp_path / f"{number}.png")
        shoe(number % 3, "red", number).save(paths[-1])
    assert len(set(near_duplicate_groups(dhashes(paths), near=2).tolist())) == 12
