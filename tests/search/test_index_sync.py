"""The index follows the database: what is new, changed, rejected, deleted; and what is broken."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from catalog.models import Colorway, ImageStatus, Listing, Retailer, ShoeImage
from search.encoders import get_encoder
from search.exceptions import IndexBusy, IndexMissing, StoreError
from search.locking import index_writer, writer_lock
from search.models import ImageEmbedding, IndexBuild, IndexState
from search.selectors import index_status
from search.services import embed_pending, index_rebuild, index_sync, syncing
from search.stores.base import Where
from search.stores.faiss import FaissStore
from tests.search.indexing import (
    assert_index_is_the_database,
    current_store,
    indexed,
    make_colorway,
    store_photo,
    store_photos,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("empty_index")]


def found_where(**any_of: int) -> list[int]:
    """Ids of the photos that a filter keeps."""
    vector = get_encoder().encode_texts(["red"])
    where = Where(any_of={name: frozenset({value}) for name, value in any_of.items()})
    return sorted(hit.image_id for hit in current_store().search(vector, 99, where=where)[0])


def age_everything() -> None:
    """As if all that is in the catalog had been there for an hour."""
    then = timezone.now() - timedelta(hours=1)
    ShoeImage.objects.update(updated_at=then)
    Colorway.objects.update(updated_at=then)
    Listing.objects.update(changed_at=then)


def touch(row: Any, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


@pytest.fixture
def colorway() -> Colorway:
    return make_colorway(price=Decimal("90.00"), is_available=True)


@pytest.fixture
def photos(empty_index: None, colorway: Colorway) -> list[ShoeImage]:
    """Three photos in the index; the first two show ``colorway``."""
    rows = [*store_photos(2, colorway=colorway), store_photo(3)]
    embed_pending()
    age_everything()
    return rows


@pytest.mark.usefixtures("photos")
class TestNothingChanged:
    def test_nothing_is_published(self) -> None:
        before = current_store().info()
        assert not index_sync().changed
        assert current_store().info() == before

    def test_it_costs_a_fixed_number_of_queries(self, django_assert_max_num_queries: Any) -> None:
        with django_assert_max_num_queries(8):
            index_sync()
        store_photos(30, start=100)
        embed_pending()
        age_everything()
        with django_assert_max_num_queries(8):
            index_sync()

    def test_what_is_recent_is_looked_at_and_not_written(self) -> None:
        ShoeImage.objects.update(updated_at=timezone.now())
        before = current_store().info()
        assert not index_sync().changed
        assert current_store().info() == before


class TestChanges:
    def test_a_colorway(self, colorway: Colorway, photos: list[ShoeImage]) -> None:
        assert found_where(available=1) == [photos[0].pk, photos[1].pk]
        touch(colorway, is_available=False)
        assert index_sync().updated == 2
        assert found_where(available=1) == []
        assert_index_is_the_database()

    def test_a_listing(self, colorway: Colorway, photos: list[ShoeImage]) -> None:
        shop = Retailer.objects.create(name="Shop", slug="shop")
        listing = Listing.objects.create(
            retailer=shop, colorway=colorway, url="http://shop/1", url_sha256="1", title="Runner"
        )
        assert index_sync().updated == 2
        assert found_where(retailer=shop.pk) == [photos[0].pk, photos[1].pk]
        touch(listing, vanished_at=timezone.now(), changed_at=timezone.now())
        assert index_sync().updated == 2
        assert found_where(retailer=shop.pk) == []

    def test_a_photo_moved_to_another_colorway(self, photos: list[ShoeImage]) -> None:
        blue = make_colorway("Blue")
        touch(photos[0], colorway=blue)
        assert index_sync().updated == 1
        assert found_where(colorway=blue.pk) == [photos[0].pk]

    def test_a_photo_rejected_and_accepted_again(self, photos: list[ShoeImage]) -> None:
        touch(photos[0], status=ImageStatus.REJECTED, rejection="sole only")
        assert index_sync().removed == 1
        assert indexed() == [photos[1].pk, photos[2].pk]
        touch(photos[0], status=ImageStatus.ACCEPTED)
        assert index_sync().added == 1
        assert indexed() == [photo.pk for photo in photos]
        assert_index_is_the_database()

    def test_a_deleted_photo(self, photos: list[ShoeImage]) -> None:
        photos[1].delete()
        assert index_sync().removed == 1
        assert indexed() == [photos[0].pk, photos[2].pk]
        assert_index_is_the_database()

    def test_a_photo_deleted_while_another_comes(self, photos: list[ShoeImage]) -> None:
        photos[1].delete()
        new = store_photo(9)
        embed_pending()
        assert indexed() == [photos[0].pk, photos[2].pk, new.pk]

    def test_a_vector_that_was_taken_away(self, photos: list[ShoeImage]) -> None:
        ImageEmbedding.objects.filter(image=photos[0]).delete()
        assert index_sync().removed == 1
        assert embed_pending().embedded == 1
        assert_index_is_the_database()

    def test_it_is_never_a_rebuild(self, colorway: Colorway, photos: list[ShoeImage]) -> None:
        builds = IndexBuild.objects.count()
        touch(colorway, is_available=False)
        photos[2].delete()
        store_photo(9)
        embed_pending()
        assert IndexBuild.objects.count() == builds

    def test_everything_at_once(self, colorway: Colorway, photos: list[ShoeImage]) -> None:
        touch(colorway, price=Decimal("10.00"))
        touch(photos[0], status=ImageStatus.REJECTED)
        photos[2].delete()
        store_photos(3, start=50)
        embed_pending()
        assert_index_is_the_database()


class TestTimestampsThatMislead:
    def test_a_transaction_that_committed_late(self, colorway: Colorway, photos: Any) -> None:
        """It took its timestamp before the last sync, which could not see it yet."""
        index_sync()
        late = timezone.now() - syncing.OVERLAP / 2
        Colorway.objects.update(is_available=False, updated_at=late)
        assert index_sync().updated == 2

    def test_what_is_too_late_is_found_by_a_full_sync(self, photos: Any) -> None:
        index_sync()
        late = timezone.now() - 2 * syncing.OVERLAP
        Colorway.objects.update(is_available=False, updated_at=late)
        assert index_sync().updated == 0
        assert index_sync(full=True).updated == 2
        assert_index_is_the_database()

    def test_an_index_older_than_its_state_is_compared_as_a_whole(self, photos: Any) -> None:
        """An older copy of the folder was put back."""
        state = IndexState.objects.get()
        current_store().delete([photos[0].pk])
        current_store().publish()
        IndexState.objects.update(generation=state.generation + 50, embedding_id=10_000)
        assert index_sync().added == 1
        assert_index_is_the_database()


class TestInterruptions:
    def test_rows_without_a_publish_are_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Killed between the rows and the publish."""
        store_photos(3)
        original = syncing.Sync._add_new

        def die_with_rows(sync: syncing.Sync) -> None:
            if ImageEmbedding.objects.exists():
                raise KeyboardInterrupt
            original(sync)

        with monkeypatch.context() as patch:
            patch.setattr(syncing.Sync, "_add_new", die_with_rows)
            with pytest.raises(KeyboardInterrupt):
                embed_pending()
        assert ImageEmbedding.objects.count() == 3
        assert indexed() == []
        store_photos(2, start=10)
        assert embed_pending().embedded == 2
        assert len(indexed()) == 5
        assert_index_is_the_database()

    def test_an_error_leaves_no_half_written_publish(
        self, photos: list[ShoeImage], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        photos[0].delete()
        touch(photos[1], status=ImageStatus.REJECTED)
        store = type(current_store())

        def full_disk(self: Any) -> None:
            raise StoreError("The disk is full.")

        with monkeypatch.context() as patch:
            patch.setattr(store, "publish", full_disk)
            with pytest.raises(StoreError):
                index_sync()
        before = indexed()
        current_store().publish()
        assert indexed() == before
        index_sync()
        assert_index_is_the_database()

    def test_a_state_that_was_not_saved_is_made_up_for(self, photos: list[ShoeImage]) -> None:
        """Killed between the publish and its note."""
        state = IndexState.objects.get()
        store_photos(2, start=20)
        embed_pending()
        IndexState.objects.filter(pk=state.pk).update(
            generation=state.generation, embedding_id=state.embedding_id
        )
        index_sync()
        assert_index_is_the_database()

    def test_a_missing_index_is_told(self) -> None:
        with pytest.raises(IndexMissing):
            index_sync()


def test_long_syncs_publish_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syncing, "BATCH", 10)
    monkeypatch.setattr(syncing, "PUBLISH_AFTER", 20)
    store_photos(50)
    embed_pending()
    age_everything()
    IndexState.objects.all().delete()
    current_store().delete(indexed()[5:])
    current_store().publish()
    generation = current_store().info().generation
    assert index_sync().added == 45
    assert current_store().info().generation == generation + 3
    assert_index_is_the_database()


class TestLock:
    def test_who_holds_it_is_told(self) -> None:
        index_rebuild(trigger=IndexBuild.Trigger.COMMAND)
        assert index_writer() is None
        with writer_lock("trying things"):
            writer = index_writer()
            assert writer is not None
            assert writer.task == "trying things"
            assert index_status().writer == writer
            with pytest.raises(IndexBusy, match="trying things"):
                index_sync()
        assert index_writer() is None
        index_sync()

    def test_it_is_given_back_after_an_error(self) -> None:
        with pytest.raises(ZeroDivisionError), writer_lock("dividing"):
            _ = 1 / 0
        with writer_lock("going on"):
            pass

    def test_a_note_that_cannot_be_read_is_no_obstacle(self, settings: Any) -> None:
        file = Path(settings.VAR_DIR) / "index-writer.lock"
        with writer_lock("scribbling"):
            file.write_text("{")
            assert index_writer() is None
            with pytest.raises(IndexBusy, match="another process"), writer_lock("reading"):
                pass


def test_status_counts_what_waits_where() -> None:
    store_photos(3)
    status = index_status()
    assert (status.health, status.indexed, status.to_embed) == ("missing", 0, 3)
    assert status.oldest_waiting_seconds > 0
    assert status.age_seconds == 0
    embed_pending(limit=2)
    store_photo(9, content=b"")
    status = index_status()
    assert (status.health, status.message) == ("ready", "")
    assert (status.photos, status.indexed, status.to_embed, status.to_index) == (4, 2, 2, 0)
    encoder_id = str(get_encoder().id)
    vector = np.zeros(get_encoder().dim, "<f4")
    vector[0] = 1
    ImageEmbedding.objects.create(
        encoder_id=encoder_id, image=ShoeImage.objects.all()[2], vector=vector.tobytes()
    )
    status = index_status()
    assert (status.to_embed, status.to_index, status.waiting) == (1, 1, 2)
    embed_pending()
    status = index_status()
    assert (status.indexed, status.failed, status.waiting) == (3, 1, 0)
    assert status.age_seconds >= 0
    assert status.info is not None


def test_status_of_an_encoder_that_cannot_be_built(settings: Any) -> None:
    settings.SHOEFINDER_ENCODERS = {"fake": {"BACKEND": "no.such.Encoder"}}
    status = index_status()
    assert status.health == "unavailable"
    assert "SHOEFINDER_ENCODERS" in status.message


def wait_until(condition: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_another_object_on_the_folder_sees_a_publish(faiss_index: Path) -> None:
    photos = store_photos(2)
    embed_pending()
    encoder = get_encoder()
    reader = FaissStore(path=faiss_index, encoder_id=str(encoder.id), dim=encoder.dim)
    assert reader.ids().tolist() == [photo.pk for photo in photos]
    new = store_photo(7)
    embed_pending()
    assert wait_until(lambda: new.pk in reader.ids().tolist())
