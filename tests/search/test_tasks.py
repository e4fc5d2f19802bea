"""Tasks: one service call each, clean exits, and the start of a worker."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as django_settings

from search import tasks
from search.locking import writer_lock
from search.models import IndexBuild, QueryPhoto
from search.services import building, embed_pending
from shoefinder.celery import app
from tests.search.indexing import assert_index_is_the_database, current_store, indexed, store_photos

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("faiss_index")]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "WAIT_SECONDS", 0.0)


def test_embed_pending(celery_calls: list[str]) -> None:
    store_photos(3)
    tasks.embed_pending()
    assert len(indexed()) == 3
    assert celery_calls == ["search.tasks.evidence_pending"]


def test_a_long_list_is_worked_off_in_slices(
    celery_calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SLICE_SECONDS", 0.0)
    store_photos(3)
    tasks.embed_pending()
    assert celery_calls == ["search.tasks.embed_pending"]


def test_while_another_embeds_it_leaves_without_asking_again(celery_calls: list[str]) -> None:
    store_photos(3)
    with writer_lock("embedding photos"):
        tasks.embed_pending()
    assert celery_calls == []


def test_index_rebuild(celery_calls: list[str]) -> None:
    store_photos(2)
    embed_pending()
    build = building.index_rebuild_request(trigger=IndexBuild.Trigger.ADMIN)
    tasks.index_rebuild(build.pk)
    build.refresh_from_db()
    assert build.status == IndexBuild.Status.DONE
    tasks.index_rebuild(10**9)


@pytest.mark.usefixtures("impatient")
def test_while_another_writes_builds_wait(celery_calls: list[str]) -> None:
    build = building.index_rebuild_request(trigger=IndexBuild.Trigger.ADMIN)
    with writer_lock("testing"):
        tasks.index_rebuild(build.pk)
        tasks.index_ensure()
    build.refresh_from_db()
    assert build.status == IndexBuild.Status.PENDING


def test_index_ensure() -> None:
    store_photos(2)
    tasks.index_ensure()
    assert current_store().info().count == 0
    embed_pending()
    assert_index_is_the_database()


def test_uploads_sweep() -> None:
    from django.utils import timezone

    QueryPhoto.objects.create(
        token="t", width=1, height=1, expires_at=timezone.now(), file="no.jpg"
    )
    tasks.uploads_sweep()
    assert not QueryPhoto.objects.exists()


@pytest.mark.parametrize(
    ("queues", "calls"), [({"embed"}, 1), ({"crawl"}, 0), ({"crawl", "embed"}, 1)]
)
def test_a_worker_of_the_queue_begins_with_the_index(
    queues: set[str], calls: int, celery_calls: list[str]
) -> None:
    consumer = SimpleNamespace(
        app=SimpleNamespace(
            amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=dict.fromkeys(queues)))
        )
    )
    tasks.ensure_at_start(sender=consumer)
    assert celery_calls == ["search.tasks.index_ensure"] * calls


@pytest.mark.parametrize(
    "name", ["embed_pending", "index_rebuild", "index_ensure", "uploads_sweep"]
)
def test_every_task_goes_to_its_queue_and_is_acknowledged_late(name: str) -> None:
    task = app.tasks[f"search.tasks.{name}"]
    assert app.amqp.router.route({}, task.name)["queue"].name == tasks.QUEUE
    assert task.acks_late


def test_the_schedule_names_tasks_that_exist() -> None:
    schedule: dict[str, dict[str, Any]] = django_settings.CELERY_BEAT_SCHEDULE
    ours = [entry["task"] for entry in schedule.values() if entry["task"].startswith("search.")]
    assert {"search.tasks.embed_pending", "search.tasks.uploads_sweep"} <= set(ours)
    assert set(ours) <= set(app.tasks)
