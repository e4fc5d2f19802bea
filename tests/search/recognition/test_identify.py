"""identify(): votes of the nearest photos, and an honest "we do not have it"."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.models import ImageStatus
from search import Identification, identify
from search.recognition import knn_vote
from search.recognition.serving import MAX_CANDIDATES
from search.types import Vector
from tests.search.encoders.contract import drawn_shoe
from tests.search.shelf import Shelf


@given(st.lists(st.tuples(st.floats(-1, 1), st.sampled_from("abcdef")), min_size=1, max_size=30))
def test_votes_share_the_whole(neighbours: list[tuple[float, str]]) -> None:
    votes = knn_vote(np.array([s for s, _ in neighbours]), [label for _, label in neighbours])
    assert sum(vote.share for vote in votes) == pytest.approx(1)
    assert sum(vote.count for vote in votes) == len(neighbours)
    assert [v.share for v in votes] == sorted((v.share for v in votes), reverse=True)
    assert {vote.label for vote in votes} == {label for _, label in neighbours}


def test_nearer_photos_count_more() -> None:
    votes = knn_vote(np.array([0.9, 0.7, 0.7]), ["near", "far", "far"])
    assert [vote.label for vote in votes] == ["near", "far"]
    assert [vote.count for vote in votes] == [1, 2]
    several = knn_vote(np.array([0.9, 0.89, 0.89]), ["one", "two", "two"])
    assert several[0].label == "two"


def test_nobody_votes_for_nothing() -> None:
    assert knn_vote(np.array([]), []) == []


@pytest.fixture
def shelf(db: None) -> Shelf:
    shelf = Shelf()
    shelf.colorway("red", brand="Acme", model="Runner", photos=4)
    shelf.colorway("navy", brand="Bolt", model="Boot", photos=4)
    shelf.colorway("green", brand="Bolt", model="Sandal", photos=4)
    shelf.publish()
    return shelf


def named(shelf: Shelf, photo: object, **options: object) -> Identification:
    return identify(photo, encoder=shelf.encoder, store=shelf.store, **options)  # type: ignore[arg-type]


def test_a_photo_is_named(shelf: Shelf) -> None:
    answer = named(shelf, drawn_shoe("navy", size=(300, 220)))
    assert answer.candidates[0].name == "Bolt Boot"
    assert answer.known
    confidences = [candidate.confidence for candidate in answer.candidates]
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) <= 1 + 1e-9
    assert len(answer.candidates) <= MAX_CANDIDATES


def test_a_vector_is_named_like_its_photo(shelf: Shelf) -> None:
    photo = drawn_shoe("navy", size=(300, 220))
    vector: Vector = shelf.encoder.encode_images([photo])[0]
    assert named(shelf, vector) == named(shelf, photo)


def test_a_height_is_told_of_the_shoe_named_and_not_of_what_is_unlike_it(shelf: Shelf) -> None:
    shelf.colorway("red", model="Plain", photos=4)
    shelf.colorway("blue", model="Tall", height="high", photos=2)
    shelf.publish()
    red, blue = (named(shelf, drawn_shoe(colour)) for colour in ("red", "blue"))
    assert red.height is None
    assert blue.height is not None
    assert blue.height.value == "high"


def test_k_is_how_many_may_vote(shelf: Shelf) -> None:
    answer = named(shelf, drawn_shoe("navy"), k=4)
    assert sum(candidate.votes for candidate in answer.candidates) == 4


def test_the_photo_itself_has_no_vote(shelf: Shelf) -> None:
    only = shelf.colorway("orange", brand="Solo", model="Only")
    shelf.publish()
    image = only.images.get()
    vector = shelf.store.fetch([image.pk])[0]
    assert "Solo Only" in {c.name for c in named(shelf, vector).candidates}
    answer = named(shelf, vector, leaving_out=[image.pk])
    assert "Solo Only" not in {c.name for c in answer.candidates}


def test_rejected_and_deleted_photos_have_no_vote(shelf: Shelf) -> None:
    from catalog.models import ShoeImage

    navy = ShoeImage.objects.filter(colorway__model__name="Boot")
    navy.update(status=ImageStatus.REJECTED)
    ShoeImage.objects.filter(colorway__model__name="Sandal").delete()
    answer = named(shelf, drawn_shoe("navy"))
    assert [candidate.name for candidate in answer.candidates] == ["Acme Runner"]


def test_an_empty_catalog_names_nothing(db: None) -> None:
    shelf = Shelf()
    shelf.publish()
    answer = named(shelf, drawn_shoe("red"))
    assert answer.candidates == ()
    assert not answer.known
