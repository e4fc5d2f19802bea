"""Visitors' photos: kept for their time and no longer."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from catalog.exceptions import PhotoRejected
from search.exceptions import QueryPhotoExpired
from search.models import QueryPhoto
from search.queries import query_photo_create, query_photo_get, query_photos_sweep
from tests.search.site import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def files(media: Path) -> list[str]:
    return sorted(path.name for path in media.rglob("*.jpg"))


def expire(photo: QueryPhoto) -> None:
    QueryPhoto.objects.filter(pk=photo.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_photo_is_found_by_its_token_for_its_time(settings: Any) -> None:
    settings.SHOEFINDER_UPLOAD_HOURS = 2.0
    photo = query_photo_create(jpeg())
    assert query_photo_get(photo.token) == photo
    assert photo.expires_at - photo.created_at == timedelta(hours=2)
    assert len(photo.token) >= 22


def test_the_file_does_not_bear_the_token(media: Path) -> None:
    photo = query_photo_create(jpeg())
    assert photo.token not in str(photo.file.name)
    assert files(media) == [Path(str(photo.file.name)).name]


@pytest.mark.parametrize(
    ("hours", "words"), [(24.0, "24 hours"), (1.0, "an hour"), (0.5, "30 minutes")]
)
def test_an_expired_photo_says_how_long_photos_are_kept(
    settings: Any, hours: float, words: str
) -> None:
    settings.SHOEFINDER_UPLOAD_HOURS = hours
    photo = query_photo_create(jpeg())
    expire(photo)
    with pytest.raises(QueryPhotoExpired, match=f"after {words}"):
        query_photo_get(photo.token)


def test_a_token_that_never_was_has_expired() -> None:
    with pytest.raises(QueryPhotoExpired):
        query_photo_get("no-such-token")


def test_what_is_refused_leaves_nothing(media: Path) -> None:
    with pytest.raises(PhotoRejected):
        query_photo_create(b"no photo")
    assert not QueryPhoto.objects.exists()
    assert files(media) == []


def test_the_cap_is_that_of_uploads(settings: Any) -> None:
    settings.SHOEFINDER_UPLOAD_MAX_BYTES = 100
    with pytest.raises(PhotoRejected, match="at most"):
        query_photo_create(jpeg())


def test_the_sweep_deletes_what_expired_and_nothing_else(media: Path) -> None:
    old, new = query_photo_create(jpeg("red")), query_photo_create(jpeg("blue"))
    expire(old)
    assert query_photos_sweep() == 1
    assert list(QueryPhoto.objects.all()) == [new]
    assert files(media) == [Path(str(new.file.name)).name]
    assert query_photos_sweep() == 0


def test_the_sweep_goes_on_where_the_last_one_died(media: Path) -> None:
    """The file is gone and the row is not: the order in which a killed sweep leaves them."""
    photo = query_photo_create(jpeg())
    expire(photo)
    next(media.rglob("*.jpg")).unlink()
    assert query_photos_sweep() == 1
    assert not QueryPhoto.objects.exists()


def test_the_sweep_finds_files_that_lost_their_row(media: Path) -> None:
    photo = query_photo_create(jpeg())
    fresh = query_photo_create(jpeg())
    path = media / str(photo.file.name)
    old = time.time() - 7200
    os.utime(path, (old, old))
    QueryPhoto.objects.all().delete()
    assert query_photos_sweep() == 1
    assert files(media) == [Path(str(fresh.file.name)).name]


def test_the_sweep_of_nothing() -> None:
    assert query_photos_sweep() == 0
