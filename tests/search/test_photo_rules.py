"""Rules that need vectors: scores by a head, copies of one photo, and a run that judges."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image
from safetensors.numpy import save_file

from catalog.models import ImageStatus, PhotoCheck, ShoeImage
from catalog.services import photo_store
from search.encoders import get_encoder
from search.evaluation.datasets import DatasetError
from search.rules.scoring import head_load, head_path, prompt_scores, rule_scores
from search.services import embed_pending
from search.services.photo_views import photo_views_apply
from search.stores.hashes import HashIndex, hashes_of
from search.training.photo_rules import head_empty, head_write
from search.training.views import viewed_photos, views_fit
from tests.catalog.photos import encoded, picture
from tests.factories import ColorwayFactory

RULES = {"near-duplicate": "0.95", "too-small": "40"}


def test_hashes_that_differ_in_few_bits_are_found() -> None:
    index = HashIndex()
    assert index.near(hashes_of(["0" * 16]), 4) == [[]]
    index.add([7, 8, 9], hashes_of(["f" * 16, "f" * 15 + "e", "0" * 16]))
    index.add([10], hashes_of(["7777ffffffffffff"]))
    (found,) = index.near(hashes_of(["f" * 16]), 4)
    assert found == [(7, 0), (8, 1), (10, 4)]
    with pytest.raises(ValueError, match="at most 4"):
        index.near(hashes_of(["0" * 16]), 5)


def test_every_hash_within_four_bits_is_found() -> None:
    draw = np.random.default_rng(0)
    hashes = draw.integers(0, 2**63, 2_000, dtype=np.uint64)
    index = HashIndex()
    index.add(range(2_000), hashes)
    flipped = hashes.copy()
    for place in range(2_000):
        for bit in draw.choice(64, 4, replace=False):
            flipped[place] ^= np.uint64(1) << np.uint64(bit)
    found = index.near(flipped, 4)
    assert all(place in {number for number, _ in row} for place, row in enumerate(found))


def head_written(
    folder: Path, encoder_id: str, dim: int, *, views: Sequence[str] = (), sure: float = 6.0
) -> None:
    """The first of ``views`` is told of every photo, the surer the larger ``sure``."""
    told = {
        "encoder_id": encoder_id, "rules": ["box"], "thresholds": {"box": 0.5},
        "views": list(views),
    }  # fmt: skip
    bias = [sure, *[0.0] * (len(views) - 1)][: len(views)]
    folder.mkdir(exist_ok=True)
    save_file(
        {
            "weight": np.zeros((1, dim), np.float32),
            "bias": np.array([3.0], np.float32),
            "view_weight": np.zeros((len(views), dim), np.float32),
            "view_bias": np.array(bias, np.float32),
        },
        head_path(folder, encoder_id),
        metadata={"head": json.dumps(told)},
    )


def test_a_head_serves_its_own_encoder_only(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    encoder = get_encoder()
    head_written(tmp_path / "photo_rules", str(encoder.id), encoder.dim)
    scores = rule_scores(encoder, encoder.encode_images([picture()]))
    assert scores.by == "head"
    assert scores.rules["box"] == pytest.approx([0.953], abs=1e-3)
    assert head_load("another@1") is None
    # A head that was copied under another encoder's name is not believed.
    source = head_path(tmp_path / "photo_rules", str(encoder.id))
    head_path(tmp_path / "photo_rules", "another@1").write_bytes(source.read_bytes())
    assert head_load("another@1") is None


def test_without_a_head_prompts_score_and_reject_nothing() -> None:
    encoder = get_encoder()
    scores = prompt_scores(encoder, encoder.encode_images([picture(), picture(seed=4)]))
    assert scores.thresholds == {}
    assert all(((row >= 0) & (row <= 1)).all() for row in scores.rules.values())


def stored(image: Image.Image, name: str, colorway: Any = None, **options: Any) -> ShoeImage:
    content = encoded(image, **options)
    return photo_store(content=content, url=f"file:a/{name}.jpg", colorway=colorway).image


@pytest.mark.django_db
def test_of_two_copies_the_larger_one_stays(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    colorway = ColorwayFactory()
    whole = picture((600, 400), seed=5)
    small = stored(whole.resize((150, 100)), "small", colorway, quality=95)
    large = stored(whole, "large", colorway, quality=95)
    embed_pending()
    small.refresh_from_db()
    large.refresh_from_db()
    assert large.status == ImageStatus.ACCEPTED
    assert (small.status, small.rejection) == (ImageStatus.REJECTED, "near-duplicate")
    assert small.check_row.twin == large


@pytest.mark.django_db
def test_a_better_copy_that_comes_later_takes_the_place(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    whole = picture((600, 400), seed=5)
    small = stored(whole.resize((150, 100)), "small", quality=95)
    embed_pending()
    small.refresh_from_db()
    assert small.status == ImageStatus.ACCEPTED
    stored(whole, "large", quality=95)
    embed_pending()
    small.refresh_from_db()
    assert small.rejection == "near-duplicate"


@pytest.mark.django_db
def test_copies_of_two_colorways_both_stay_and_are_marked(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    whole = picture((600, 400), seed=5)
    stored(whole, "a", ColorwayFactory(), quality=95)
    stored(whole.resize((300, 200)), "b", ColorwayFactory(), quality=95)
    embed_pending()
    assert not ShoeImage.objects.filter(status=ImageStatus.REJECTED).exists()
    assert PhotoCheck.objects.filter(twin_elsewhere=True).count() == 1


@pytest.mark.django_db
def test_the_same_shape_in_another_colour_is_no_copy(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    red, blue = (Image.new("RGB", (300, 200), colour) for colour in ("#c81e1e", "#1e1ec8"))
    stored(red, "red")
    stored(blue, "blue")
    embed_pending()
    assert not ShoeImage.objects.filter(rejection="near-duplicate").exists()


@pytest.mark.django_db
def test_photos_of_before_the_rules_are_judged_by_the_next_run(settings: Any) -> None:
    image = stored(picture((300, 36)), "flat")
    embed_pending()
    assert not PhotoCheck.objects.exists()
    settings.SHOEFINDER_PHOTO_RULES = RULES
    embed_pending()
    image.refresh_from_db()
    assert image.rejection == "too-small"


@pytest.mark.django_db
def test_photos_of_before_a_head_told_views_are_told_from_their_vectors(
    settings: Any, tmp_path: Path
) -> None:
    settings.SHOEFINDER_PHOTO_RULES, settings.VAR_DIR = RULES, tmp_path
    encoder = get_encoder()
    image = stored(picture(), "a")
    embed_pending()
    assert ShoeImage.objects.get().view == ""
    for views in (("worn", "pair"), ("three-quarter", "pair"), ("pair", "worn")):
        head_written(tmp_path / "photo_rules", str(encoder.id), encoder.dim, views=views)
        call_command("tell_views")
        image.refresh_from_db()
        assert image.view == views[0].removeprefix("three-quarter")
    assert photo_views_apply(encoder=encoder) == 0


@pytest.mark.django_db
def test_a_photo_from_another_side_is_no_copy(settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = RULES
    whole = picture((600, 400), seed=5)
    stored(whole, "shoe_lateral", quality=95)
    stored(whole.resize((300, 200)), "shoe_medial", quality=95)
    embed_pending()
    assert not ShoeImage.objects.filter(rejection="near-duplicate").exists()


def test_views_are_learned_and_read_back_as_they_were(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    encoder = get_encoder()
    draw = np.random.default_rng(0)
    places = np.eye(encoder.dim, dtype=np.float32)[:3].repeat(20, 0)
    vectors = places + 0.05 * draw.standard_normal(places.shape).astype(np.float32)
    names = np.array(["pair", "sole", "three-quarter"]).repeat(20)
    head_write(views_fit(head_empty(encoder), vectors, names), folder=tmp_path / "photo_rules")
    head = head_load(str(encoder.id))
    assert head is not None
    told = [view for view, _ in head.tell_views(vectors)]
    assert told == [name.replace("three-quarter", "") for name in names]


def test_a_table_beside_photos_tells_their_views(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("file,view,model_id\na.jpg,sole,g1\nb.jpg,,g1\n")
    (one,) = viewed_photos(tmp_path)
    assert (one.photo.path, one.photo.group, one.view) == (tmp_path / "a.jpg", "g1", "sole")
    (tmp_path / "products.csv").write_text("file\na.jpg\n")
    with pytest.raises(DatasetError, match="view"):
        viewed_photos(tmp_path)
