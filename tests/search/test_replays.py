"""Stored photos judged anew: by a worker, in slices, behind what was judged, and in the admin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import ImageStatus, PhotoCheck, ShoeImage
from catalog.services import photo_store
from catalog.services.photo_checks import photos_judge
from search.models import RulesReplay
from search.services import rules_replay_request, rules_replay_run, rules_replays_sweep
from tests.catalog.photos import photo_bytes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("celery_calls")]

STATUS = RulesReplay.Status
RULES = "admin:catalog_shoeimage_rules"
START = "admin:search_rulesreplay_start"


@pytest.fixture
def photos(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[ShoeImage]:
    """Three that the rule lets pass as of now, and rejects by a threshold of .1; one a batch."""
    monkeypatch.setattr("catalog.services.photo_checks.BATCH", 1)
    settings.SHOEFINDER_PHOTO_RULES = {"blurred": "0.01"}
    kept = []
    for seed in range(3):
        content = photo_bytes(seed, (80, 60))
        image = photo_store(content=content, url=f"file:a/{seed}.jpg").image
        photos_judge([PhotoCheck(image=image, sharpness=0.05)])
        kept.append(image)
    settings.SHOEFINDER_PHOTO_RULES = {"blurred": "0.1"}
    return kept


def rejected() -> int:
    return ShoeImage.objects.filter(status=ImageStatus.REJECTED).count()


def run(row: RulesReplay, **more: Any) -> RulesReplay:
    done = rules_replay_run(replay_id=row.pk, **more)
    assert done is not None
    done.refresh_from_db()
    return done


def test_it_is_told_first_and_then_done(photos: list[ShoeImage], settings: Any) -> None:
    told = run(rules_replay_request(is_dry_run=True))

    assert (told.status, told.done, told.total) == (STATUS.DONE, 3, 3)
    assert (told.rejected, told.restored, rejected()) == ({"blurred": 3}, {}, 0)

    done = run(rules_replay_request(is_dry_run=False))
    assert (done.rejected, done.changes, rejected()) == ({"blurred": 3}, 3, 3)
    settings.SHOEFINDER_PHOTO_RULES = {}
    assert run(rules_replay_request(is_dry_run=False)).restored == {"blurred": 3}
    assert rejected() == 0


def test_it_gives_way_to_others_and_goes_on_where_it_was(photos: list[ShoeImage]) -> None:
    row = rules_replay_request(is_dry_run=False)

    stands = [(one.status, one.done) for one in (run(row, seconds=0) for _ in photos)]

    assert stands == [(STATUS.PENDING, 1), (STATUS.PENDING, 2), (STATUS.DONE, 3)]
    row.refresh_from_db()
    assert (row.rejected, rejected()) == ({"blurred": 3}, 3)
    assert rules_replay_run(replay_id=row.pk) is None


def test_what_lost_its_process_goes_on_behind_what_was_judged(photos: list[ShoeImage]) -> None:
    row = rules_replay_request(is_dry_run=False)
    run(row, seconds=0)
    long_ago = timezone.now() - timedelta(hours=1)
    mine = RulesReplay.objects.filter(pk=row.pk)
    mine.update(status=STATUS.RUNNING, heartbeat_at=long_ago, requested_at=long_ago)
    ShoeImage.objects.filter(pk=photos[0].pk).update(status=ImageStatus.ACCEPTED, rejection="")

    assert rules_replays_sweep() == 1

    row = run(row)
    assert (row.status, row.done, row.rejected) == (STATUS.DONE, 3, {"blurred": 3})
    assert rejected() == 2  # the first was not looked at again
    assert rules_replays_sweep() == 0


def test_asking_twice_waits_once() -> None:
    told = rules_replay_request(is_dry_run=True)
    assert told == rules_replay_request(is_dry_run=True)
    assert told != rules_replay_request(is_dry_run=False)


def test_a_replay_that_cannot_be_made_says_so(photos: list[ShoeImage], settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_RULES = {"ugly": "1"}
    row = rules_replay_request(is_dry_run=True)

    with pytest.raises(ValueError, match="ugly"):
        rules_replay_run(replay_id=row.pk)

    row.refresh_from_db()
    assert (row.status, rejected()) == (STATUS.FAILED, 0)
    assert "the log of the worker" in row.error


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_admin_asks_shows_progress_and_does_it(
    photos: list[ShoeImage], admin_client: Client
) -> None:
    assert reverse(START) in text(admin_client.get(reverse(RULES)))

    page = admin_client.post(reverse(START), follow=True)

    told = RulesReplay.objects.get()
    panel = reverse("admin:search_rulesreplay_panel", args=[told.pk])
    assert f'hx-get="{panel}"' in text(page)
    run(told, seconds=0)
    assert "Judging: 1 of 3 photos" in text(admin_client.get(panel))
    run(told)
    assert "hx-get" not in text(admin_client.get(panel))
    page = admin_client.get(reverse("admin:search_rulesreplay_change", args=[told.pk]))
    assert "Would reject" in text(page)

    admin_client.post(reverse(START), {"apply": "1"})

    run(RulesReplay.objects.get(is_dry_run=False))
    assert rejected() == 3
    listing = text(admin_client.get(reverse("admin:search_rulesreplay_changelist")))
    assert listing.count("Done") >= 2


def test_who_may_not_change_photos_may_not_judge_them(client: Client) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True, password="x")
    client.force_login(clerk)
    assert client.post(reverse(START)).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="change_shoeimage"))

    assert client.get(reverse(START)).status_code == 405
    assert client.post(reverse(START), follow=True).status_code == 200
    assert RulesReplay.objects.get().is_dry_run
    gone = reverse("admin:search_rulesreplay_panel", args=[10**6])
    assert client.get(gone).status_code == 404
