"""Rules that need vectors: scores by a head, copies of one photo, and a run that judges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from catalog.models import ImageStatus, PhotoCheck, ShoeImage
from catalog.services import photo_store
from search.encoders import get_encoder
from search.rules.scoring import head_load, head_path, prompt_scores, rule_scores
from search.services import embed_pending
from search.stores.hashes import HashIndex, hashes_of
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


def head_written(folder: Path, encoder_id: str, dim: int) -> None:
    told = {"encoder_id": encoder_id, "rules": ["box"], "thresholds": {"box": 0.5}, "views": []}
    save_file(
        {
            "weight": np.zeros((1, dim), np.float32),
            "bias": np.array([3.0], np.float32),
            "view_weight": np.zeros((0, dim), np.float32),
            "view_bias": np.zeros(0, np.float32),
        },
        head_path(folder, encoder_id),
        metadata={"head": json.dumps(told)},
    )


def test_a_head_serves_its_own_encoder_only(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    encoder = get_encoder()
    (tmp_path / "photo_rules").mkdir()
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
