"""The encoder in the admin: what is shown, what is asked before, who may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from search.active import active_name
from search.models import EncoderSwitch, ImageEmbedding
from search.services import embed_pending, encoder_switch_run
from search.switches import switch_unfinished
from tests.search.indexing import store_photos

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("celery_calls")]

LIST, PANEL, SWITCH, ROLLBACK, CANCEL, FORGET = (
    f"admin:search_encoderswitch_{name}"
    for name in ("changelist", "panel", "switch", "rollback", "cancel", "forget")
)


@pytest.fixture(autouse=True)
def two_encoders(faiss_index: Path, settings: Any) -> None:
    settings.SHOEFINDER_ENCODERS["other"] = {
        "BACKEND": "tests.fakes.FakeEncoder",
        "OPTIONS": {"name": "other"},
    }
    store_photos(3)
    embed_pending()


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def finish() -> None:
    switch = switch_unfinished()
    assert switch is not None
    encoder_switch_run(switch_id=switch.pk)


def test_what_it_takes_is_told_before(admin_client: Client) -> None:
    page = text(admin_client.get(reverse(SWITCH), {"name": "other"}))
    assert "other@1+grid" in page
    assert "3 of 3" in page
    assert switch_unfinished() is None


def test_switch_watch_and_go_back(
    admin_client: Client, celery_calls: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(reverse(SWITCH), {"name": "other"}, follow=True)
    assert "goes on in the background" in text(answer)
    assert "Switch to other: embedding photos" in text(admin_client.get(reverse(PANEL)))
    assert celery_calls == ["search.tasks.encoder_switch"]
    finish()
    page = text(admin_client.get(reverse(LIST)))
    assert "<td>Active</td> <td>other</td>" in page
    assert "<td>Previous</td> <td>fake</td>" in page
    assert "Photos that came since" in text(admin_client.get(reverse(ROLLBACK)))
    assert active_name() == "other"
    answer = admin_client.post(reverse(ROLLBACK), follow=True)
    assert "Fake answers again" in text(answer)
    assert active_name() == "fake"
    last = EncoderSwitch.objects.order_by("-pk")[0]
    change = reverse("admin:search_encoderswitch_change", args=[last.pk])
    assert "Rollback" in text(admin_client.get(change))


def test_a_held_one_says_why_and_can_be_given_up(admin_client: Client) -> None:
    admin_client.post(reverse(SWITCH), {"name": "other"})
    EncoderSwitch.objects.filter(unfinished=True).update(
        status=EncoderSwitch.Status.HELD, message="Two photos are missing."
    )
    assert "Two photos are missing." in text(admin_client.get(reverse(PANEL)))
    assert "kept for another try" in text(admin_client.get(reverse(CANCEL)))
    assert "given up" in text(admin_client.post(reverse(CANCEL), follow=True))
    assert "No switch" in text(admin_client.post(reverse(CANCEL), follow=True))


def test_what_is_in_use_is_not_deleted(admin_client: Client) -> None:
    active = ImageEmbedding.objects.all()[0].encoder_id
    address = f"{reverse(FORGET)}?id={active}".replace("+", "%2B")
    assert active in text(admin_client.get(address))
    assert "answers searches" in text(admin_client.post(address, follow=True))
    assert ImageEmbedding.objects.count() == 3


def test_an_encoder_that_is_not_there_is_told(admin_client: Client) -> None:
    for ask in (admin_client.get, admin_client.post):
        assert "SHOEFINDER_ENCODER" in text(ask(reverse(SWITCH), {"name": "nowhere"}))
    assert "SHOEFINDER_ENCODER takes it" in text(admin_client.get(reverse(SWITCH)))


def test_who_may_only_look_may_not(client: Client) -> None:
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    client.force_login(user)
    assert "Switch encoder" not in text(client.get(reverse(LIST)))
    assert client.get(reverse(PANEL)).status_code == 200
    for name in (SWITCH, ROLLBACK, CANCEL, FORGET):
        assert client.post(reverse(name)).status_code == 403
    client.force_login(User.objects.create_user("staff", is_staff=True))
    assert client.get(reverse(PANEL)).status_code == 403
