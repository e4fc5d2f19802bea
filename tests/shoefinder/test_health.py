"""/healthz, /readyz, /metrics and /media."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from search.exceptions import IndexUnavailable
from search.services import embed_pending
from shoefinder import health
from tests.search.indexing import celery_calls, faiss_index

__all__ = ["celery_calls", "faiss_index"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    checks: dict[str, Any] = dict.fromkeys(health.CHECKS, lambda: "fine")
    monkeypatch.setattr(health, "CHECKS", checks)
    return checks


def test_healthz_needs_nothing(client: Client, parts: dict[str, Any]) -> None:
    def fails() -> str:
        raise AssertionError("healthz must not ask")

    parts.update(dict.fromkeys(parts, fails))
    assert client.get("/healthz").content == b"ok\n"


def test_ready_when_every_part_is(client: Client, parts: dict[str, Any]) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["ready"] is True
    assert set(response.json()["parts"]) == {"database", "broker", "encoder", "index"}


def test_not_ready_names_the_part_without_its_secrets(
    client: Client, parts: dict[str, Any]
) -> None:
    def refused() -> str:
        raise ConnectionRefusedError("redis://:password@host")

    parts["broker"] = refused
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["parts"]["broker"]["status"] == "failed"
    assert b"password" not in response.content


@pytest.mark.usefixtures("faiss_index")
def test_the_real_checks_answer(celery_calls: list[str]) -> None:
    cache.clear()
    assert health.check_database() in {"sqlite", "postgresql"}
    assert health.check_broker() == "memory"
    assert health.check_encoder()
    with pytest.raises(IndexUnavailable, match="index rebuild"):
        health.check_index()
    assert celery_calls == ["search.tasks.index_ensure"]
    embed_pending()
    assert health.check_index() == "0 photos, 0 waiting"


def test_metrics_need_the_token(client: Client, settings: Any) -> None:
    settings.SHOEFINDER_METRICS_TOKEN = "letmein"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer no"}).status_code == 404
    response = client.get("/metrics", headers={"authorization": "Bearer letmein"})
    assert response.status_code == 200
    for name in (
        "shoefinder_request_seconds",
        "shoefinder_queue_age_seconds",
        "shoefinder_crawled_total",
        "shoefinder_photos_waiting",
        'shoefinder_letters{state="dead"}',
        'shoefinder_catalog_rows{model="colorway"}',
    ):
        assert name in response.content.decode()


def test_metrics_are_off_without_a_token(client: Client, settings: Any) -> None:
    settings.SHOEFINDER_METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


def test_requests_are_counted_by_route(client: Client, settings: Any) -> None:
    settings.SHOEFINDER_METRICS_TOKEN = "letmein"
    client.get("/media/photos/none.jpg")
    page = client.get("/metrics", headers={"authorization": "Bearer letmein"}).content.decode()
    assert 'route="media/<path:path>",status="404"' in page


def test_media_serves_photos_for_good_and_uploads_privately(
    client: Client, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.SHOEFINDER_SERVE_MEDIA = True
    default_storage.save("photos/ab/cd/x.jpg", ContentFile(b"jpeg"))
    default_storage.save("queries/y.jpg", ContentFile(b"jpeg"))
    photo = client.get("/media/photos/ab/cd/x.jpg")
    assert "immutable" in photo["Cache-Control"]
    assert photo["X-Content-Type-Options"] == "nosniff"
    assert "private" in client.get("/media/queries/y.jpg")["Cache-Control"]


@pytest.mark.parametrize("path", ["photos/", "../settings.py", "photos/%2e%2e/%2e%2e/x"])
def test_media_serves_nothing_else(client: Client, settings: Any, path: str) -> None:
    settings.SHOEFINDER_SERVE_MEDIA = True
    assert client.get(f"/media/{path}").status_code in {400, 404}


def test_media_can_be_left_to_the_web_server(client: Client, settings: Any) -> None:
    settings.SHOEFINDER_SERVE_MEDIA = False
    assert client.get("/media/photos/x.jpg").status_code == 404
