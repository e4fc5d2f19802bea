"""The index in the admin: the panel, the button, what may not be touched."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from search.models import EmbedFailure, IndexBuild
from search.selectors import index_status
from search.services import embed_pending, index_rebuild
from tests.search.indexing import store_photo, store_photos

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("faiss_index", "celery_calls")]

BUILDS = "admin:search_indexbuild_changelist"
PANEL = "admin:search_indexbuild_panel"
REBUILD = "admin:search_indexbuild_rebuild"
FAILURES = "admin:search_embedfailure_changelist"


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def viewer(client: Client) -> Client:
    """Staff who may look and not build."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    return client


def test_the_panel_tells_what_is_and_what_waits(admin_client: Client) -> None:
    store_photos(3)
    embed_pending()
    store_photos(2, start=50)
    page = text(admin_client.get(reverse(BUILDS)))
    assert "<dd>3 of 5</dd>" in page
    assert "<dt>Waiting to be embedded</dt><dd>2 (the oldest" in page
    assert "Ready" in page
    assert "Rebuild index" in page


def test_a_broken_index_is_told_with_its_mend(admin_client: Client) -> None:
    page = text(admin_client.get(reverse(PANEL)))
    assert "errornote" in page
    assert "Missing" in page


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (IndexBuild.Status.PENDING, "A build waits for the worker"),
        (IndexBuild.Status.RUNNING, "Building: 40 of 1,000 vectors"),
    ],
)
def test_a_build_under_way_is_shown(admin_client: Client, status: str, told: str) -> None:
    IndexBuild.objects.create(
        encoder_id=index_status().encoder_id,
        status=status,
        total=1000,
        count=40,
        started_at=timezone.now(),
    )
    page = text(admin_client.get(reverse(PANEL)))
    assert told in page
    assert 'hx-trigger="every 2s"' in page


def test_a_finished_build_has_a_page(admin_client: Client) -> None:
    store_photos(3)
    embed_pending()
    build = index_rebuild(trigger=IndexBuild.Trigger.COMMAND)
    page = text(admin_client.get(reverse("admin:search_indexbuild_change", args=[build.pk])))
    assert build.encoder_id in page
    assert "Save" not in page


class TestRebuild:
    def test_it_is_asked_for_and_confirmed(
        self,
        admin_client: Client,
        celery_calls: list[str],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        assert "Rebuild the index" in text(admin_client.get(reverse(REBUILD)))
        assert not IndexBuild.objects.exists()
        with django_capture_on_commit_callbacks(execute=True):
            answer = admin_client.post(reverse(REBUILD), follow=True)
        assert "built anew" in text(answer)
        assert IndexBuild.objects.get().trigger == IndexBuild.Trigger.ADMIN
        assert celery_calls == ["search.tasks.index_rebuild"]

    def test_who_may_only_look_may_not(self, viewer: Client) -> None:
        assert "Rebuild index" not in text(viewer.get(reverse(BUILDS)))
        assert viewer.get(reverse(PANEL)).status_code == 200
        assert viewer.post(reverse(REBUILD)).status_code == 403
        assert not IndexBuild.objects.exists()

    def test_strangers_are_sent_to_log_in(self, client: Client) -> None:
        for name in (BUILDS, PANEL, REBUILD):
            assert client.get(reverse(name)).status_code == 302

    def test_staff_without_permission_see_nothing(self, client: Client) -> None:
        client.force_login(User.objects.create_user("staff", is_staff=True))
        for name in (BUILDS, PANEL, REBUILD):
            assert client.get(reverse(name)).status_code == 403

    @pytest.mark.parametrize(("name", "method"), [(PANEL, "post"), (REBUILD, "put")])
    def test_other_methods(self, admin_client: Client, name: str, method: str) -> None:
        assert getattr(admin_client, method)(reverse(name)).status_code == 405


class TestFailures:
    def test_they_are_listed_with_their_reason(self, admin_client: Client) -> None:
        store_photo(1, content=b"")
        embed_pending()
        assert "unreadable" in text(admin_client.get(reverse(FAILURES)))
        assert reverse(FAILURES) in text(admin_client.get(reverse(PANEL)))

    def test_they_can_be_tried_again(
        self,
        admin_client: Client,
        celery_calls: list[str],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        store_photo(1, content=b"")
        embed_pending()
        failure = EmbedFailure.objects.get()
        with django_capture_on_commit_callbacks(execute=True):
            answer = admin_client.post(
                reverse(FAILURES),
                {"action": "retry", "_selected_action": [failure.pk]},
                follow=True,
            )
        assert "1 photo will be tried again now" in text(answer)
        failure.refresh_from_db()
        assert failure.retry_at <= timezone.now()
        assert celery_calls == ["search.tasks.embed_pending"]


def test_vectors_and_visitors_photos_are_not_in_the_admin(admin_client: Client) -> None:
    page = text(admin_client.get(reverse("admin:index")))
    assert "Index builds" in page
    assert "Image embeddings" not in page
    assert "Query photos" not in page


def test_the_list_costs_a_fixed_number_of_queries(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    rows = [IndexBuild(encoder_id="e", status=IndexBuild.Status.DONE) for _ in range(20)]
    for half in (rows[:10], rows[10:]):
        IndexBuild.objects.bulk_create(half)
        with django_assert_max_num_queries(18):
            admin_client.get(reverse(BUILDS))
