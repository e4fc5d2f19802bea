"""Splits hold still, keep their shares, and let nothing leak."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from search.duplicates import NEAR, near_duplicate_groups
from search.evaluation.splits import SHARES, dhashes, photo_groups, split_of


def test_the_shares_are_kept() -> None:
    counts = Counter(split_of(f"key {i}") for i in range(20_000))
    for split, share in SHARES.items():
        assert counts[split] / 20_000 == pytest.approx(share, abs=0.012)


def test_the_split_of_a_key_never_moves() -> None:
    """Pinned: another hash would put test photos into what the shipped weights have learnt."""
    test = [i for i in range(40) if split_of(f"sneakers50:model/{i:04}.jpg") == "test"]
    validation = [i for i in range(40) if split_of(f"sneakers50:model/{i:04}.jpg") == "validation"]
    assert test == [0, 3, 7, 11, 20, 21, 22, 38, 39]
    assert validation == [1, 23]


@given(st.text())
def test_any_key_has_one_side(key: str) -> None:
    assert split_of(key) == split_of(key)
    assert split_of(key) in SHARES


@given(st.text(), st.sampled_from(["train", "validation", "test"]))
def test_a_single_share_takes_all(key: str, split: str) -> None:
    shares = {name: float(name == split) for name in SHARES}
    assert split_of(key, shares=shares) == split


@pytest.mark.parametrize(
    "shares", [{"train": 0.5}, {"train": 1.5, "test": -0.5}, {}], ids=["half", "negative", "none"]
)
def test_shares_that_are_none_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        split_of("key", shares=shares)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30), st.lists(st.integers(0, 63), max_size=4))
def test_no_near_pair_is_ever_apart(values: list[int], flipped: list[int]) -> None:
    if values:
        near = values[0]
        for bit in flipped:
            near ^= 1 << bit
        values = [*values, near]
    hashes = np.array(values, dtype=np.uint64)
    groups = near_duplicate_groups(hashes)
    for i, a in enumerate(values):
        assert groups[i] <= i
        for j, b in enumerate(values):
            if (a ^ b).bit_count() <= NEAR:
                assert groups[i] == groups[j]


def test_a_chain_is_one_group() -> None:
    chain = np.array([0, 0b1111, 0b1111_1111, 0b1111_1111_1111, 2**63 - 1], dtype=np.uint64)
    assert near_duplicate_groups(chain).tolist() == [0, 0, 0, 0, 4]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Six different drawings, then a smaller and a recompressed copy of the first."""
    paths = []
    for i in range(6):
        image = noise(i)
        paths.append(tmp_path / f"{i}.jpg")
        image.save(paths[-1], quality=92)
    noise(0).resize((150, 100)).save(tmp_path / "small.jpg", quality=90)
    noise(0).save(tmp_path / "poor.jpg", quality=35)
    return [*paths, tmp_path / "small.jpg", tmp_path / "poor.jpg"]


def noise(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (300, 200), "white")
    draw = ImageDraw.Draw(image)
    for _ in range(25):
        x, y = rng.integers(0, 260), rng.integers(0, 160)
        w, h = rng.integers(20, 120, 2)
        draw.ellipse((x, y, x + w, y + h), fill=tuple(int(c) for c in rng.integers(0, 255, 3)))
    return image


def test_copies_of_a_photo_are_one_group(photos: list[Path]) -> None:
    groups, near = photo_groups(photos)
    assert near == NEAR
    assert groups.tolist() == [0, 1, 2, 3, 4, 5, 0, 0]


def test_hashes_do_not_depend_on_the_threads(photos: list[Path]) -> None:
    assert dhashes(photos, threads=1).tolist() == dhashes(photos, threads=3).tolist()


def test_no_photos_are_no_groups() -> None:
    groups, _ = photo_groups([])
    assert groups.tolist() == []


def test_a_catalog_of_look_alikes_still_has_groups(tmp_path: Path) -> None:
    """Side views on white chain into one group at distance 4: a nearer distance is taken."""
    rng = np.random.default_rng(0)
    grid = rng.integers(0, 256, (8, 9), dtype=np.uint8)
    paths = []
    for i in range(60):
        grid[rng.integers(0, 8, 2), rng.integers(0, 9, 2)] = rng.integers(0, 256, 2)
        paths.append(tmp_path / f"{i:02}.png")
        Image.fromarray(np.kron(grid, np.ones((10, 10), dtype=np.uint8))).save(paths[-1])
    at_four = near_duplicate_groups(dhashes(paths))
    assert np.bincount(at_four).max() > 20  # or this test would prove nothing
    groups, near = photo_groups(paths)
    assert near < NEAR
    assert np.bincount(groups).max() <= 20
