"""A visitor's photo is looked at once while its query is refined."""

from __future__ import annotations

import pytest
from django.utils import timezone

from search import Query
from search.crop import Crop
from search.exceptions import QueryPhotoExpired
from search.models import QueryPhoto
from tests.search.shelf import Ask, Shelf, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_a_photo_is_looked_at_once_however_often_its_query_is_refined(
    shelf: Shelf, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for colour in ("red", "navy", "green"):
        shelf.colorway(colour)
    shelf.publish()
    looked: list[int] = []
    encode = shelf.encoder.encode_images
    monkeypatch.setattr(
        shelf.encoder, "encode_images", lambda photos: looked.append(len(photos)) or encode(photos)
    )
    token = upload("navy")

    first = ask(Query(photo=token))
    again, edited = ask(Query(photo=token)), ask(Query(photo=token, words="in red"))

    assert looked == [1]
    assert [(r.card.id, r.score) for r in again.results] == [
        (r.card.id, r.score) for r in first.results
    ]
    assert edited.results
    ask(Query(photo=token, crop=Crop(0.1, 0.1, 0.8, 0.8)))
    assert looked == [1, 1]


def test_a_photo_that_is_gone_is_told_however_well_it_is_remembered(shelf: Shelf, ask: Ask) -> None:
    shelf.colorway("red")
    shelf.publish()
    token = upload("red")
    ask(Query(photo=token))
    QueryPhoto.objects.filter(token=token).update(expires_at=timezone.now())
    with pytest.raises(QueryPhotoExpired):
        ask(Query(photo=token, words="in navy"))
