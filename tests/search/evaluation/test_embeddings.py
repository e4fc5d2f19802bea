"""Kept embeddings: by encoder and by bytes, resumed after a kill, mended when damaged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search.evaluation import embeddings as module
from search.evaluation.datasets import DatasetError, ShoePhoto, read_folders
from search.evaluation.embeddings import EmbeddingCache
from search.types import Vectors
from tests.fakes import FakeEncoder
from tests.search.evaluation.folders import model_folders


class Counting(FakeEncoder):
    """Notes how many photos it encoded; fails when told to."""

    encoded = 0
    fail_after: int | None = None

    def encode_images(self, images: Sequence[Image.Image]) -> Vectors:
        if self.fail_after is not None and self.encoded >= self.fail_after:
            raise KeyboardInterrupt
        self.encoded += len(images)
        return super().encode_images(images)


@pytest.fixture
def photos(tmp_path: Path) -> list[ShoePhoto]:
    return read_folders(model_folders(tmp_path / "shoes", models=3, photos=5))


def test_vectors_come_in_the_order_of_the_photos(photos: list[ShoePhoto], tmp_path: Path) -> None:
    encoder = FakeEncoder()
    vectors = EmbeddingCache(encoder, tmp_path / "kept").embed(photos)
    for row, photo in zip(vectors, photos, strict=True):
        with Image.open(photo.path) as image:
            expected = encoder.encode_images([image.convert("RGB")])[0]
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_a_photo_is_encoded_once(photos: list[ShoePhoto], tmp_path: Path) -> None:
    encoder = Counting()
    told: list[tuple[int, int]] = []
    first = EmbeddingCache(encoder, tmp_path / "kept").embed(photos)
    again = EmbeddingCache(encoder, tmp_path / "kept").embed(
        [*photos, photos[0]], lambda done, total: told.append((done, total))
    )
    assert encoder.encoded == len(photos)
    np.testing.assert_array_equal(again, np.vstack([first, first[:1]]))
    assert told[-1] == (16, 16)


def test_another_encoder_has_its_own(photos: list[ShoePhoto], tmp_path: Path) -> None:
    one, other = Counting(), Counting(revision="2")
    EmbeddingCache(one, tmp_path / "kept").embed(photos)
    EmbeddingCache(other, tmp_path / "kept").embed(photos)
    assert other.encoded == len(photos)
    ids = {file.read_text().strip() for file in (tmp_path / "kept").glob("*/encoder.txt")}
    assert ids == {str(one.id), str(other.id)}


def test_what_was_done_before_a_kill_is_kept(
    photos: list[ShoePhoto], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 4)
    monkeypatch.setattr(module, "KEEP_EVERY", 1)
    encoder = Counting()
    encoder.fail_after = 8
    with pytest.raises(KeyboardInterrupt):
        EmbeddingCache(encoder, tmp_path / "kept").embed(photos)
    encoder.fail_after = None
    vectors = EmbeddingCache(encoder, tmp_path / "kept").embed(photos)
    assert encoder.encoded == len(photos)
    np.testing.assert_array_equal(
        vectors, EmbeddingCache(FakeEncoder(), tmp_path / "other").embed(photos)
    )


def test_a_damaged_file_is_made_again(photos: list[ShoePhoto], tmp_path: Path) -> None:
    encoder = Counting()
    expected = EmbeddingCache(encoder, tmp_path / "kept").embed(photos)
    [file] = (tmp_path / "kept").glob("*/*.npz")
    file.write_bytes(file.read_bytes()[:100])
    np.testing.assert_array_equal(
        EmbeddingCache(encoder, tmp_path / "kept").embed(photos), expected
    )
    assert encoder.encoded == 2 * len(photos)


def test_no_photo_is_no_vector(tmp_path: Path) -> None:
    assert EmbeddingCache(FakeEncoder(), tmp_path).embed([]).shape == (0, FakeEncoder.dim)


def test_what_is_no_photo_is_told_by_name(photos: list[ShoePhoto], tmp_path: Path) -> None:
    photos[1].path.write_bytes(b"not a photo")
    with pytest.raises(DatasetError, match=photos[1].path.name):
        EmbeddingCache(FakeEncoder(), tmp_path / "kept").embed(photos)
    photos[1].path.unlink()
    with pytest.raises(DatasetError, match=photos[1].path.name):
        EmbeddingCache(FakeEncoder(), tmp_path / "kept").embed(photos)
