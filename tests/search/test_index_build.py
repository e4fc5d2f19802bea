"""Building anew: beside the old index, repaired, interrupted, asked for, verified."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from celery import Task
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.utils import timezone
from kombu.exceptions import OperationalError

from catalog.models import ShoeImage
from search.encoders import get_encoder
from search.exceptions import EncoderError, IndexBusy
from search.locking import writer_lock
from search.models import ImageEmbedding, IndexBuild, IndexState
from search.selectors import builds_interrupted, vectors_of
from search.services import (
    building,
    embed_pending,
    index_ensure,
    index_ensure_request,
    index_rebuild,
    index_rebuild_request,
    index_rebuild_run,
    index_verify,
    verifying,
)
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

COMMAND, ADMIN = IndexBuild.Trigger.COMMAND, IndexBuild.Trigger.ADMIN


@pytest.fixture
def photos(empty_index: None) -> list[ShoeImage]:
    rows = store_photos(5, colorway=make_colorway())
    embed_pending()
    return rows


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "WAIT_SECONDS", 0.0)
    monkeypatch.setattr(verifying, "WAIT_SECONDS", 0.0)


class TestRebuild:
    def test_it_holds_what_the_database_holds(self, photos: list[ShoeImage]) -> None:
        before = current_store().info()
        build = index_rebuild(trigger=COMMAND)
        info = current_store().info()
        assert (build.status, build.count, build.total) == (IndexBuild.Status.DONE, 5, 5)
        assert build.generation == info.generation > before.generation
        assert (build.encoder_id, build.dim, build.kind) == (info.encoder_id, info.dim, info.kind)
        assert (build.size_bytes, build.checksum) == (info.size_bytes, info.checksum)
        assert build.seconds is not None
        assert_index_is_the_database()

    def test_in_many_batches(
        self, photos: list[ShoeImage], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(building, "BATCH", 2)
        monkeypatch.setattr(building, "HEARTBEAT_SECONDS", 0.0)
        told: list[int] = []
        in_rows: list[int] = []

        def progress(build: IndexBuild) -> None:
            told.append(build.count)
            in_rows.append(IndexBuild.objects.get(pk=build.pk).count)

        index_rebuild(trigger=COMMAND, progress=progress)
        assert told == [2, 4, 5, 5]
        assert in_rows == [0, 2, 4, 5]
        assert_index_is_the_database()

    def test_the_old_index_answers_meanwhile(self, photos: list[ShoeImage]) -> None:
        ImageEmbedding.objects.filter(image=photos[0]).delete()
        during: list[int] = []
        index_rebuild(trigger=COMMAND, progress=lambda build: during.append(len(indexed())))
        assert during[0] == 5
        assert len(indexed()) == 4

    def test_what_changes_meanwhile_is_not_missed(self, photos: list[ShoeImage]) -> None:
        def delete(build: IndexBuild) -> None:
            ShoeImage.objects.filter(pk=photos[0].pk).delete()

        index_rebuild(trigger=COMMAND, progress=delete)
        assert indexed() == [photo.pk for photo in photos[1:]]

    def test_of_nothing(self) -> None:
        assert index_rebuild(trigger=COMMAND).count == 0
        assert indexed() == []

    def test_a_failure_is_told_and_leaves_the_old_index(self, photos: list[ShoeImage]) -> None:
        ImageEmbedding.objects.filter(image=photos[2]).update(vector=b"1234")
        with pytest.raises(EncoderError, match="dimensions"):
            index_rebuild(trigger=COMMAND)
        build = IndexBuild.objects.first()
        assert build is not None
        assert build.status == IndexBuild.Status.FAILED
        assert "dimensions" in build.error
        assert len(indexed()) == 5

    def test_interrupted_by_the_keyboard_it_does_not_say_running(self, photos: Any) -> None:
        def stop(build: IndexBuild) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            index_rebuild(trigger=COMMAND, progress=stop)
        assert not IndexBuild.objects.filter(status=IndexBuild.Status.RUNNING).exists()
        assert len(indexed()) == 5

    def test_builds_of_dead_processes_are_swept(self) -> None:
        dead = IndexBuild.objects.create(
            encoder_id="x", status=IndexBuild.Status.RUNNING, heartbeat_at=timezone.now()
        )
        assert not builds_interrupted(before=timezone.now() - timedelta(minutes=1)).exists()
        assert builds_interrupted(before=timezone.now() + timedelta(minutes=1)).get() == dead
        embed_pending()
        dead.refresh_from_db()
        assert dead.status == IndexBuild.Status.FAILED
        assert "Interrupted" in dead.error

    @pytest.mark.usefixtures("impatient")
    def test_while_another_writes_it_waits_as_a_row(self, photos: Any) -> None:
        with writer_lock("testing"), pytest.raises(IndexBusy, match="testing"):
            index_rebuild(trigger=COMMAND)
        assert IndexBuild.objects.get(status=IndexBuild.Status.PENDING).trigger == COMMAND
        embed_pending()
        assert not IndexBuild.objects.filter(status=IndexBuild.Status.PENDING).exists()


class TestRequest:
    def test_twice_is_once(
        self, celery_calls: list[str], django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            first = index_rebuild_request(trigger=ADMIN)
            assert index_rebuild_request(trigger=ADMIN) == first
            assert celery_calls == []
        assert set(celery_calls) == {"search.tasks.index_rebuild"}

    def test_it_is_run_once(self, photos: Any, celery_calls: list[str]) -> None:
        request = index_rebuild_request(trigger=ADMIN)
        build = index_rebuild_run(build_id=request.pk)
        assert build is not None
        assert (build.status, build.trigger) == (IndexBuild.Status.DONE, ADMIN)
        assert index_rebuild_run(build_id=request.pk) is None
        assert index_rebuild_run(build_id=10**9) is None

    def test_a_lost_message_is_made_up_for(self, photos: Any, celery_calls: list[str]) -> None:
        request = index_rebuild_request(trigger=ADMIN)
        embed_pending()
        request.refresh_from_db()
        assert request.status == IndexBuild.Status.DONE

    def test_one_for_an_encoder_of_the_past_fails(self) -> None:
        old = IndexBuild.objects.create(encoder_id="old@1")
        assert index_rebuild_run(build_id=old.pk) is None
        old.refresh_from_db()
        assert old.status == IndexBuild.Status.FAILED

    def test_the_web_asks_for_a_repair_once_a_minute(self, celery_calls: list[str]) -> None:
        cache.clear()
        assert index_ensure_request()
        assert not index_ensure_request()
        assert celery_calls == ["search.tasks.index_ensure"]

    def test_without_a_broker_nothing_breaks(
        self, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
    ) -> None:
        def away(*args: Any, **options: Any) -> None:
            raise OperationalError("connection refused")

        cache.clear()
        monkeypatch.setattr(Task, "apply_async", away)
        assert not index_ensure_request()
        with django_capture_on_commit_callbacks() as callbacks:
            index_rebuild_request(trigger=ADMIN)
        assert len(callbacks) == 1
        assert IndexBuild.objects.get().status == IndexBuild.Status.PENDING


class TestEnsure:
    def test_a_whole_index_is_left_alone(self, photos: Any) -> None:
        before = current_store().info()
        assert not index_ensure().changed
        assert current_store().info() == before

    def test_a_missing_one_is_built(self) -> None:
        photos = store_photos(2)
        encoder = get_encoder()
        for photo in photos:
            row = encoder.encode_texts([str(photo.pk)])[0].tobytes()
            ImageEmbedding.objects.create(image=photo, encoder_id=str(encoder.id), vector=row)
        index_ensure()
        assert IndexBuild.objects.get().trigger == IndexBuild.Trigger.REPAIR
        assert_index_is_the_database()

    def test_payloads_are_compared(self, photos: list[ShoeImage]) -> None:
        current_store().set_payload([photos[0].pk], [{"brand": 99}])
        current_store().publish()
        assert index_ensure().updated == 1
        assert_index_is_the_database()


class TestVerify:
    def test_each_kind_of_difference_is_told(self, photos: list[ShoeImage]) -> None:
        store, encoder = current_store(), get_encoder()
        other = encoder.encode_texts(["something else"])
        payload = store.payloads([photos[1].pk])
        store.upsert([photos[1].pk], other, payload)
        store.set_payload([photos[2].pk], [{"brand": 77}])
        store.delete([photos[3].pk])
        store.upsert([999_999], other, [{}])
        store.publish()
        report = index_verify()
        assert not report.ok
        assert report.vectors.examples == [photos[1].pk]
        assert report.payloads.examples == [photos[2].pk]
        assert report.missing.examples == [photos[3].pk]
        assert report.surplus.examples == [999_999]
        assert {part.count for part in report.differences.values()} == {1}

    def test_examples_are_few_counts_are_whole(self) -> None:
        store_photos(15)
        embed_pending()
        ImageEmbedding.objects.all().delete()
        report = index_verify()
        assert (report.surplus.count, len(report.surplus.examples)) == (15, 10)

    def test_nothing_is_changed(self, photos: Any) -> None:
        ImageEmbedding.objects.all().delete()
        before = current_store().info()
        index_verify()
        assert current_store().info() == before

    def test_progress(self, photos: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(verifying, "BATCH", 2)
        told: list[tuple[int, int]] = []
        index_verify(progress=lambda done, total: told.append((done, total)))
        assert told == [(2, 5), (4, 5), (5, 5)]


class TestCommands:
    def run(self, *arguments: str) -> str:
        out = StringIO()
        call_command(*arguments, stdout=out)
        return out.getvalue()

    def test_status(self, photos: Any) -> None:
        told = self.run("index", "status")
        assert "ready" in told
        assert str(get_encoder().id) in told
        answer = json.loads(self.run("index", "status", "--json"))
        assert (answer["health"], answer["indexed"], answer["waiting"]) == ("ready", 5, 0)
        assert answer["info"]["count"] == 5

    def test_status_of_a_missing_index(self) -> None:
        with pytest.raises(CommandError) as error:
            self.run("index", "status")
        assert error.value.returncode == 1

    def test_rebuild(self, photos: Any) -> None:
        assert "5 vectors" in self.run("index", "rebuild")
        assert json.loads(self.run("index", "rebuild", "--json"))["count"] == 5

    def test_sync(self, photos: list[ShoeImage]) -> None:
        photos[0].delete()
        assert "1 removed" in self.run("index", "sync")
        assert json.loads(self.run("index", "sync", "--full", "--json"))["removed"] == 0

    def test_sync_of_a_missing_index(self) -> None:
        with pytest.raises(CommandError) as error:
            self.run("index", "sync")
        assert error.value.returncode == 1

    def test_verify(self, photos: list[ShoeImage]) -> None:
        assert "holds what the database holds" in self.run("index", "verify")
        photos[0].delete()
        out = StringIO()
        with pytest.raises(CommandError, match="sync --full") as error:
            call_command("index", "verify", stdout=out)
        assert error.value.returncode == 1
        assert f"1 ({photos[0].pk or ''}" in out.getvalue()

    def test_verify_of_a_missing_index(self) -> None:
        out = StringIO()
        with pytest.raises(CommandError):
            call_command("index", "verify", "--json", stdout=out)
        assert json.loads(out.getvalue())["ok"] is False

    @pytest.mark.usefixtures("impatient")
    @pytest.mark.parametrize("action", ["sync", "rebuild", "verify"])
    def test_while_another_writes(self, photos: Any, action: str) -> None:
        with writer_lock("testing"), pytest.raises(CommandError, match="testing") as error:
            self.run("index", action)
        assert error.value.returncode == 3

    def test_interrupted(self, photos: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def stop(*args: Any, **options: Any) -> None:
            raise KeyboardInterrupt

        for name, module in (("index_rebuild", "index"), ("embed_pending", "embed")):
            monkeypatch.setattr(f"search.management.commands.{module}.{name}", stop)
            with pytest.raises(CommandError, match="Interrupted") as error:
                self.run(module, *(["rebuild"] if module == "index" else []))
            assert error.value.returncode == 130

    def test_embed(self) -> None:
        store_photos(3)
        store_photo(9, content=b"")
        told = self.run("embed", "--limit", "2")
        assert "2 photos embedded" in told
        assert "More photos wait" in told
        told = self.run("embed")
        assert "1 photo could not be embedded" in told
        assert "Every photo has its vector" in self.run("embed")
        answer = json.loads(self.run("embed", "--retry-failed", "--json"))
        assert (answer["embedded"], answer["failed"]) == (0, 1)

    def test_embed_while_another_does(self) -> None:
        store_photo(1)
        with writer_lock("embedding photos"), pytest.raises(CommandError) as error:
            self.run("embed")
        assert error.value.returncode == 3

    def test_embed_with_a_limit_that_is_none(self) -> None:
        with pytest.raises(CommandError, match="at least 1"):
            self.run("embed", "--limit", "0")

    def test_embed_with_a_broken_encoder(self, settings: Any) -> None:
        settings.SHOEFINDER_ENCODERS = {"fake": {"BACKEND": "no.such.Encoder"}}
        with pytest.raises(CommandError, match="SHOEFINDER_ENCODERS"):
            self.run("embed")


def test_vectors_of_another_length_are_refused() -> None:
    with pytest.raises(EncoderError, match="new revision"):
        vectors_of([b"\0" * 8, b"\0" * 12], dim=3)
    assert vectors_of([], dim=3).shape == (0, 3)


def test_rebuilding_a_large_index_reads_by_key(django_assert_max_num_queries: Any) -> None:
    """The number of queries is that of the batches, whatever there is in a batch."""
    encoder_id = str(get_encoder().id)
    counts = []
    for count in (5, 40):
        photos = store_photos(count, start=1000 * count)
        rows = np.eye(get_encoder().dim, dtype="<f4")[np.arange(count) % 60]
        ImageEmbedding.objects.bulk_create(
            ImageEmbedding(encoder_id=encoder_id, image=photo, vector=row.tobytes())
            for photo, row in zip(photos, rows, strict=True)
        )
        with django_assert_max_num_queries(60) as captured:
            index_rebuild(trigger=COMMAND)
        counts.append(len(captured))
    assert counts[1] <= counts[0]  # the first also noted its state


def test_an_index_of_another_place_is_followed_by_readers(faiss_index: Path) -> None:
    store_photos(3)
    embed_pending()
    encoder = get_encoder()
    reader = FaissStore(path=faiss_index, encoder_id=str(encoder.id), dim=encoder.dim)
    before = reader.info().generation
    index_rebuild(trigger=COMMAND)
    assert reader.info().generation > before
    assert IndexState.objects.get().generation == reader.info().generation
