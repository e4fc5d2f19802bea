"""Embedding: which photos, how failures are kept apart, what is visible when."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db.models import F
from django.utils import timezone
from PIL import Image

from catalog.images import photo_load
from catalog.models import ImageStatus, ShoeImage
from search import Query, search
from search.encoders import get_encoder
from search.exceptions import EncoderError
from search.locking import writer_lock
from search.models import EmbedFailure, ImageEmbedding, IndexState
from search.queries import query_photo_create
from search.selectors import index_status
from search.services import EmbedProgress, embed_failures_retry, embed_pending, embedding
from search.stores import get_store
from search.types import Vectors
from tests.fakes import FakeEncoder
from tests.search.indexing import (
    assert_index_is_the_database,
    current_store,
    indexed,
    photo_bytes,
    store_photo,
    store_photos,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_index")]


class Stumbling(FakeEncoder):
    """Fails for photos of one width, with an error that no one expects."""

    def __init__(self, *, width: int, **options: Any) -> None:
        super().__init__(**options)
        self.width = width
        self.batches: list[int] = []

    def encode_images(self, images: Any) -> Vectors:
        self.batches.append(len(images))
        if any(image.width == self.width for image in images):
            raise RuntimeError("cannot multiply")
        return super().encode_images(images)


def test_every_accepted_photo_gets_its_vector_and_is_found() -> None:
    photos = store_photos(70)
    report = embed_pending()
    assert (report.embedded, report.failed, report.waiting, report.busy) == (70, 0, False, "")
    assert indexed() == [photo.pk for photo in photos]
    with photos[40].file.open() as file:
        vector = get_encoder().encode_images([photo_load(file)])
    assert current_store().search(vector, 1)[0][0].image_id == photos[40].pk
    assert_index_is_the_database()


def test_rows_hold_the_vectors_of_their_own_photos() -> None:
    photos = store_photos(40)
    embed_pending()
    rows = dict(ImageEmbedding.objects.values_list("image_id", "vector"))
    for photo in photos:
        with photo.file.open() as file:
            expected = get_encoder().encode_images([photo_load(file)])[0]
        np.testing.assert_allclose(np.frombuffer(rows[photo.pk], "<f4"), expected, atol=1e-6)


class Choosing(FakeEncoder):
    """Says how many pixels are enough, and notes how large the photos come."""

    enough_pixels = 100

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.saw: list[tuple[int, int]] = []

    def encode_images(self, images: Any) -> Vectors:
        self.saw += [image.size for image in images]
        return super().encode_images(images)


def test_photos_of_catalog_and_query_come_as_small_as_the_encoder_allows() -> None:
    content = photo_bytes(1, size=(600, 400))
    store_photo(1, content=content)
    encoder = Choosing(name="choosing")
    embed_pending(encoder=encoder)
    store = get_store(encoder_id=str(encoder.id), dim=encoder.dim)
    token = query_photo_create(content).token

    search(Query(photo=token), encoder=encoder, store=store)

    assert encoder.saw == [(150, 100), (150, 100)]


def test_nothing_waits_nothing_happens() -> None:
    store_photos(3)
    embed_pending()
    generation = current_store().info().generation
    report = embed_pending()
    assert (report.embedded, report.failed) == (0, 0)
    assert current_store().info().generation == generation


def test_rejected_photos_are_not_work() -> None:
    store_photo(1, status=ImageStatus.REJECTED, rejection="heels only")
    kept = store_photo(2)
    embed_pending()
    assert indexed() == [kept.pk]


def test_new_photos_are_added_without_a_rebuild() -> None:
    store_photos(3)
    embed_pending()
    more = store_photos(2, start=10)
    assert embed_pending().embedded == 2
    assert indexed()[-2:] == [photo.pk for photo in more]
    assert_index_is_the_database()


def test_another_encoder_is_another_work_list() -> None:
    photos = store_photos(3)
    embed_pending()
    other = FakeEncoder(revision="another")
    assert embed_pending(encoder=other).embedded == 3
    assert ImageEmbedding.objects.count() == 6
    assert current_store(other).ids().tolist() == [photo.pk for photo in photos]
    assert len(indexed()) == 3


def test_a_limit_leaves_the_rest_for_later() -> None:
    store_photos(5)
    report = embed_pending(limit=2)
    assert (report.embedded, report.waiting) == (2, True)
    assert len(indexed()) == 2
    assert embed_pending().embedded == 3


def test_a_spent_time_budget_publishes_what_is_done() -> None:
    store_photos(5)
    report = embed_pending(seconds=0)
    assert (report.embedded, report.waiting) == (0, True)
    assert index_status().health == "ready"


def test_progress_counts_up_to_the_total() -> None:
    store_photos(65)
    store_photo(66, content=b"no photo")
    told: list[EmbedProgress] = []
    embed_pending(progress=told.append)
    assert [at.embedded + at.failed for at in told] == [32, 64, 66]
    assert {at.total for at in told} == {66}
    assert told[-1].failed == 1


class TestPhotosThatCannotBeDecoded:
    def test_they_do_not_hold_up_the_others(self) -> None:
        good = store_photos(2)
        broken = store_photo(3, content=photo_bytes(3)[:300])
        nothing = store_photo(4, content=b"")
        missing = store_photo(5)
        missing.file.storage.delete(missing.file.name)
        report = embed_pending()
        assert (report.embedded, report.failed, report.waiting) == (2, 3, False)
        assert indexed() == [photo.pk for photo in good]
        assert dict(EmbedFailure.objects.values_list("image_id", "reason")) == {
            broken.pk: "unreadable",
            nothing.pk: "unreadable",
            missing.pk: "file-missing",
        }
        # The catalog is not changed by a disk that is not there.
        assert ShoeImage.objects.filter(status=ImageStatus.ACCEPTED).count() == 5

    def test_they_rest_ever_longer(self) -> None:
        store_photo(1, content=b"no photo")
        pauses = []
        for attempt in range(1, 4):
            assert embed_pending().failed == 1
            assert embed_pending().failed == 0
            failure = EmbedFailure.objects.get()
            assert failure.attempts == attempt
            pauses.append((failure.retry_at - failure.failed_at) / timedelta(minutes=1))
            EmbedFailure.objects.update(retry_at=timezone.now())
        assert pauses == [10, 40, 160]

    def test_the_longest_rest_is_a_week(self) -> None:
        photo = store_photo(1, content=b"no photo")
        now = timezone.now()
        EmbedFailure.objects.create(image=photo, reason="unreadable", attempts=900, retry_at=now)
        embed_pending()
        failure = EmbedFailure.objects.get()
        assert failure.retry_at - failure.failed_at == timedelta(days=7)

    def test_they_can_be_tried_at_once_and_are_forgotten_when_mended(self) -> None:
        photo = store_photo(1, content=b"")
        embed_pending()
        photo.file.storage.delete(photo.file.name)
        with photo.file.storage.open(photo.file.name, "wb") as file:
            file.write(photo_bytes(1))
        assert embed_pending().embedded == 0
        assert embed_pending(retry_failed=True).embedded == 1
        assert not EmbedFailure.objects.exists()

    def test_a_service_makes_them_due(
        self, django_capture_on_commit_callbacks: Any, celery_calls: list[str]
    ) -> None:
        store_photo(1, content=b"")
        embed_pending()
        assert index_status().to_embed == 0
        with django_capture_on_commit_callbacks(execute=True):
            assert embed_failures_retry(failures=EmbedFailure.objects.all()) == 1
        assert celery_calls == ["search.tasks.embed_pending"]
        assert index_status().to_embed == 1


class TestEncodersThatFail:
    def test_for_one_photo_it_costs_its_neighbours_nothing(self) -> None:
        good = store_photos(3)
        odd = store_photo(9, content=photo_bytes(9, size=(90, 70)))
        encoder = Stumbling(width=90, revision="stumbles")
        report = embed_pending(encoder=encoder)
        assert (report.embedded, report.failed) == (3, 1)
        assert encoder.batches == [4, 1, 1, 1, 1]
        failure = EmbedFailure.objects.get()
        assert (failure.image_id, failure.reason) == (odd.pk, "encoder-refused")
        assert "cannot multiply" in failure.message
        assert current_store(encoder).ids().tolist() == [photo.pk for photo in good]

    def test_for_all_photos_it_is_told_and_none_is_blamed(self) -> None:
        store_photos(3)
        with pytest.raises(RuntimeError, match="cannot multiply"):
            embed_pending(encoder=Stumbling(width=160))
        assert not EmbedFailure.objects.exists()
        assert not ImageEmbedding.objects.exists()
        assert embed_pending().embedded == 3

    def test_an_operators_error_is_told(self) -> None:
        class Missing(FakeEncoder):
            def encode_images(self, images: Any) -> Vectors:
                raise EncoderError("The weights are not there.")

        store_photo(1)
        with pytest.raises(EncoderError, match="weights"):
            embed_pending(encoder=Missing())
        state = IndexState.objects.get()
        assert state.embed_error == "The weights are not there."
        embed_pending(encoder=FakeEncoder())
        state.refresh_from_db()
        assert state.embed_error == ""
        assert not EmbedFailure.objects.exists()

    @pytest.mark.parametrize("fault", ["nan", "shape"])
    def test_what_is_no_vector_is_not_kept(self, fault: str) -> None:
        class Wrong(FakeEncoder):
            def encode_images(self, images: Any) -> Vectors:
                vectors = super().encode_images(images)
                if fault == "shape":
                    return vectors[:, :-1]
                vectors[0, 0] = np.nan
                return vectors

        store_photo(1)
        assert embed_pending(encoder=Wrong(revision=fault)).failed == 1
        assert not ImageEmbedding.objects.exists()


def test_photos_that_change_while_they_are_encoded_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone, rejected, kept = store_photos(3)
    original = embedding.embeddings_write

    def write(**options: Any) -> int:
        ShoeImage.objects.filter(pk=gone.pk).delete()
        ShoeImage.objects.filter(pk=rejected.pk).update(status=ImageStatus.REJECTED)
        return original(**options)

    monkeypatch.setattr(embedding, "embeddings_write", write)
    assert embed_pending().embedded == 1
    assert ImageEmbedding.objects.get().image_id == kept.pk
    assert indexed() == [kept.pk]


class TestOneWriter:
    def test_a_second_one_leaves_and_says_who_works(self) -> None:
        store_photo(1)
        with writer_lock("embedding photos"):
            report = embed_pending()
        assert (report.embedded, report.waiting) == (0, True)
        assert "embedding photos" in report.busy
        assert embed_pending().embedded == 1

    def test_the_holder_looks_again_before_it_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A photo that arrives after the last look, whose own call found the lock taken."""
        store_photo(1)
        looks = []

        def late(run: Any) -> bool:
            if not looks:
                store_photo(2)
            looks.append(original(run))
            return looks[-1]

        original = embedding._Run.anything_waits
        monkeypatch.setattr(embedding._Run, "anything_waits", late)
        report = embed_pending()
        assert (report.embedded, report.waiting) == (2, False)
        assert looks == [True, False]


def test_what_is_embedded_is_searchable_while_the_work_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedding, "PUBLISH_SECONDS", 0.0)
    monkeypatch.setattr(embedding, "PUBLISH_SHARE", 0)
    store_photos(70)
    seen: list[int] = []
    embed_pending(progress=lambda at: seen.append(len(indexed())))
    assert seen == [32, 64, 70]


def test_a_long_run_follows_the_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "PUBLISH_SECONDS", 0.0)
    monkeypatch.setattr(embedding, "PUBLISH_SHARE", 0)
    monkeypatch.setattr(embedding, "FOLLOW_SECONDS", 0.0)
    photos = store_photos(70)
    seen: list[bool] = []

    def delete_first(at: EmbedProgress) -> None:
        seen.append(photos[0].pk in indexed())
        ShoeImage.objects.filter(pk=photos[0].pk).delete()

    embed_pending(progress=delete_first)
    assert seen == [True, False, False]


def test_the_number_of_queries_does_not_grow_with_the_photos_of_a_batch(
    settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.SHOEFINDER_EMBED_BATCH = 64
    counts = []
    for count in (10, 60):
        store_photos(count, start=count)
        with django_assert_max_num_queries(200) as captured:
            assert embed_pending().embedded == count
        counts.append(len(captured))
    assert counts[1] <= counts[0]  # the first also built the empty index


def test_photos_of_any_mode_are_embedded() -> None:
    for number, mode in enumerate(["L", "RGBA", "P", "CMYK", "I;16"]):
        out = io.BytesIO()
        Image.new(mode, (64, 48)).save(out, "TIFF" if mode in {"CMYK", "I;16"} else "PNG")
        store_photo(number, content=out.getvalue())
    assert embed_pending().embedded == 5
    assert ImageEmbedding.objects.filter(image__pk=F("image_id")).count() == 5
