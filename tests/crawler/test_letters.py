"""Dead letters: noted once a run, tried again later and later, given up, retried, forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Listing
from crawler import tasks
from crawler.models import CrawlRun, CrawlSource, DeadLetter
from crawler.services import (
    crawl_run_claim,
    crawl_run_finish,
    crawl_run_request,
    crawl_source_ensure,
    letters_forget,
    letters_retry,
    letters_write,
)
from crawler.services import letters as service
from crawler.services.letters import letters_left, wait_before
from crawler.types import Letter, RunEnd
from tests.factories import ListingFactory

pytestmark = pytest.mark.django_db

Kind, State = DeadLetter.Kind, DeadLetter.State
HOUR = timedelta(hours=1)
URL = "https://shop.example/p"


@pytest.fixture
def source() -> CrawlSource:
    return crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.run_crawl, "apply_async", lambda *args, **options: None)


def ended(source: CrawlSource) -> CrawlRun:
    return CrawlRun.objects.create(source=source, trigger="command", status="done")


def letter(url: str = URL, **told: Any) -> Letter:
    request = {"url": url, "callback": "parse", "errback": "on_failure", "priority": 0,
               "dont_filter": False, "meta": {}}  # fmt: skip
    return Letter(**{
        "url": url, "kind": "page", "reason": "http-503", "message": "Away.", "request": request,
        **told,
    })  # fmt: skip


def fail(source: CrawlSource, *letters: Letter) -> CrawlRun:
    """A run in which these failed."""
    run = ended(source)
    letters_write(run.pk, letters or [letter()], [])
    return run


def test_a_failure_is_one_letter_however_often_it_is_written(source: CrawlSource) -> None:
    run = fail(source)
    first = DeadLetter.objects.values().get()

    letters_write(run.pk, [letter()], [])

    again = DeadLetter.objects.values().get()
    assert (again["attempts"], again["state"], again["last_run_id"]) == (1, State.WAITING, run.pk)
    assert again["last_failed_at"] == first["last_failed_at"]


def test_each_run_counts_and_the_last_one_gives_it_up(source: CrawlSource, settings: Any) -> None:
    settings.SHOEFINDER_CRAWL_ATTEMPTS = 3
    states = []
    for _ in range(3):
        fail(source, letter(reason="timeout"))
        states.append(DeadLetter.objects.get().state)

    assert states == [State.WAITING, State.WAITING, State.DEAD]
    row = DeadLetter.objects.get()
    assert (row.attempts, row.reason) == (3, "timeout")
    assert row.first_failed_at < row.last_failed_at
    # Only a page that leads to it brings it back, and not soon.
    assert row.next_try_at - timezone.now() > timedelta(days=20)


def test_waits_grow_are_spread_and_hold_what_the_shop_asks_for() -> None:
    def span(attempts: int, asked: float | None = None) -> tuple[timedelta, timedelta]:
        waits = [wait_before(attempts, asked) for _ in range(200)]
        return min(waits), max(waits)

    for attempts, usual in ((1, HOUR), (2, 4 * HOUR), (3, 16 * HOUR), (99, timedelta(days=7))):
        shortest, longest = span(attempts)
        assert 0.8 * usual <= shortest < usual < longest <= 1.2 * usual
    assert span(1, 7200.0) == (2 * HOUR, 2 * HOUR)
    assert span(3, 1.0)[0] >= 12 * HOUR
    assert span(1, 9e8)[1] == timedelta(days=30)


def test_what_answers_is_no_letter_any_more(source: CrawlSource) -> None:
    other = crawl_source_ensure(name="Other", seeds=["https://shop.example/"])
    fail(other)
    run = fail(source, letter(), letter(f"{URL}/2"))

    letters_write(run.pk, [], [URL])

    assert list(source.letters.values_list("url", flat=True)) == [f"{URL}/2"]
    assert other.letters.count() == 1


def test_no_shop_fills_the_table(source: CrawlSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_OF_RUN", 3)
    monkeypatch.setattr(service, "MAX_OF_SOURCE", 5)
    run = fail(source, letter(f"{URL}/1"), letter(f"{URL}/2"))
    assert (letters_left(run), letters_left(ended(source))) == (1, 3)

    fail(source, *(letter(f"{URL}/{n}") for n in range(3, 6)))

    assert letters_left(ended(source)) == 0


def test_characters_that_no_database_takes_are_left_out(source: CrawlSource) -> None:
    request = {"url": URL, "meta": {"draft": {"title": "Low\x00 \ud800", "photos": ["a\x00"]}}}

    fail(source, letter(message="x\x00y", request=request))

    row = DeadLetter.objects.get()
    assert (row.message, row.request["meta"]["draft"]["photos"]) == ("x y", ["a"])


def claimed(source: CrawlSource, **options: Any) -> Any:
    run = crawl_run_request(source=source, trigger="command", enqueue=False, **options)
    plan = crawl_run_claim(run_id=run.pk)
    assert plan is not None
    return plan


def test_a_run_asks_for_what_is_due_and_leaves_the_rest_in_peace(
    source: CrawlSource, settings: Any
) -> None:
    settings.SHOEFINDER_CRAWL_ATTEMPTS = 2
    fail(source, letter(f"{URL}/dead"))
    fail(source, letter(f"{URL}/due"), letter(f"{URL}/later"), letter(f"{URL}/dead"))
    source.letters.exclude(url=f"{URL}/later").update(next_try_at=timezone.now())

    plan = claimed(source)

    told = {one.url.rpartition("/")[2]: one for one in plan.letters}
    assert (told["due"].due, told["due"].request["url"]) == (0.0, f"{URL}/due")
    assert told["later"].request is None
    assert told["later"].due > timezone.now().timestamp()
    assert "once (http-503) and is left in peace until" in told["later"].told
    # One that was given up is asked for where a page leads to it, when its time has come.
    assert told["dead"].request is None
    assert told["dead"].due <= timezone.now().timestamp()
    CrawlRun.objects.update(status="done")
    assert claimed(source, is_dry_run=True).letters == ()


def test_a_retry_is_a_run_over_just_these(source: CrawlSource, admin_user: User) -> None:
    fail(source, letter(f"{URL}/1"), letter(f"{URL}/2"))

    runs, refused = letters_retry(letters=source.letters.filter(url=f"{URL}/1"), by=admin_user)

    assert (len(runs), refused, runs[0].is_retry) == (1, [], True)
    assert (runs[0].trigger, runs[0].requested_by) == (CrawlRun.Trigger.ADMIN, admin_user)
    plan = crawl_run_claim(run_id=runs[0].pk)
    assert plan is not None
    assert plan.is_retry
    assert [one.url for one in plan.letters if one.request] == [f"{URL}/1"]
    assert plan.missing == ()
    run = crawl_run_finish(run_id=runs[0].pk, end=RunEnd("finished"))
    assert run is not None
    assert (run.status, run.complete) == (CrawlRun.Status.DONE, False)


def test_a_retry_beside_a_crawl_is_refused_with_the_reason(
    source: CrawlSource, admin_user: User
) -> None:
    other = crawl_source_ensure(name="Other", seeds=["https://other.example/"])
    fail(source)
    fail(other)
    crawl_run_request(source=source, trigger="command", enqueue=False)

    runs, refused = letters_retry(letters=DeadLetter.objects.all(), by=admin_user)

    assert [run.source for run in runs] == [other]
    assert refused == ["“Shop” is being crawled already."]
    assert source.letters.get().retried_by is None


# --- what has not been seen -----------------------------------------------------------------------


def finish_without_seeing(source: CrawlSource) -> CrawlRun:
    run = crawl_run_request(source=source, trigger="command", enqueue=False)
    crawl_run_claim(run_id=run.pk)
    CrawlRun.objects.filter(pk=run.pk).update(pages=100)
    done = crawl_run_finish(run_id=run.pk, end=RunEnd("finished"))
    assert done is not None
    return done


def unseen(source: CrawlSource, url: str) -> Listing:
    old = timezone.now() - timedelta(days=9)
    listing: Listing = ListingFactory(retailer=source.retailer, url=url, last_seen_at=old)
    return listing


def test_a_listing_whose_page_waits_is_not_marked(source: CrawlSource) -> None:
    own, of_page = unseen(source, f"{URL}/1#red"), unseen(source, f"{URL}/canonical")
    gone = unseen(source, f"{URL}/gone")
    fail(source, letter(f"{URL}/1"), letter(f"{URL}/x", listings=(of_page.pk,)),
         letter(f"{URL}/gone", kind="photo"))  # fmt: skip

    runs = [finish_without_seeing(source) for _ in range(2)]

    assert [(run.listings_missing, run.listings_vanished) for run in runs] == [(1, 0), (0, 1)]
    vanished = Listing.objects.filter(vanished_at__isnull=False)
    assert list(vanished) == [gone]
    assert {row.missing_since for row in Listing.objects.filter(pk__in=[own.pk, of_page.pk])} == {
        None
    }
    # Given up, it is told from what is gone no longer.
    source.letters.update(state=State.DEAD)
    assert finish_without_seeing(source).listings_missing == 2


def test_while_a_list_waits_nothing_is_marked(source: CrawlSource) -> None:
    unseen(source, f"{URL}/1")
    fail(source, letter("https://shop.example/sitemap.xml", kind="list"))

    run = finish_without_seeing(source)

    assert run.listings_missing == 0
    told = run.error_kinds.get(kind="vanish-check-skipped").examples[0]["message"]
    assert "a list of the shop could not be read" in told


def test_a_list_is_held_only_where_the_shop_asks_to_wait(source: CrawlSource) -> None:
    fail(source, letter(f"{URL}/1", kind="list"), letter(f"{URL}/2", kind="list", retry_after=9e5))

    told = {one.url: one for one in claimed(source).letters}

    assert told[f"{URL}/1"].held == 0.0 < told[f"{URL}/1"].due
    assert told[f"{URL}/2"].held > timezone.now().timestamp() + 8e5
    held = timezone.localtime(source.letters.get(url=f"{URL}/2").held_until)
    assert f"until {held:%Y-%m-%d %H:%M}" in told[f"{URL}/2"].told


def test_what_was_given_up_long_ago_is_deleted(source: CrawlSource, settings: Any) -> None:
    settings.SHOEFINDER_LETTER_DAYS = 60
    fail(source, *(letter(f"{URL}/{name}") for name in ("old", "met-lately", "waiting")))
    source.letters.update(last_failed_at=timezone.now() - timedelta(days=61))
    source.letters.exclude(url=f"{URL}/waiting").update(state=State.DEAD)
    source.letters.filter(url=f"{URL}/met-lately").update(last_failed_at=timezone.now())

    tasks.tidy_crawls()

    left = source.letters.values_list("url", flat=True)
    assert sorted(left) == [f"{URL}/met-lately", f"{URL}/waiting"]


# --- admin ----------------------------------------------------------------------------------------

LIST = "admin:crawler_deadletter_changelist"


def act(client: Client, action: str, *letters: DeadLetter) -> str:
    told = {"action": action, "_selected_action": [row.pk for row in letters]}
    return " ".join(client.post(reverse(LIST), told, follow=True).content.decode().split())


def test_letters_are_listed_filtered_retried_and_forgotten(
    admin_client: Client, source: CrawlSource
) -> None:
    fail(source, letter(f"{URL}/1"), letter(f"{URL}/2", reason="timeout", kind="photo"))
    one, two = source.letters.order_by("url")

    page = admin_client.get(reverse(LIST), {"reason": "timeout", "source__id__exact": source.pk})
    assert b"shop.example/p/2" in page.content
    assert b"shop.example/p/1" not in page.content
    detail = admin_client.get(reverse("admin:crawler_deadletter_change", args=[one.pk]))
    assert b"Away." in detail.content
    assert b'name="_save"' not in detail.content

    assert "has been asked for" in act(admin_client, "retry_now", one)
    run = CrawlRun.objects.get(is_retry=True)
    assert list(run.letters_retried.all()) == [one]
    assert "is being crawled already" in act(admin_client, "retry_now", two)

    assert "1 forgotten" in act(admin_client, "forget", two)
    assert list(source.letters.all()) == [one]


def test_who_may_only_look_neither_retries_nor_forgets(viewer: Client, source: CrawlSource) -> None:
    fail(source)

    act(viewer, "retry_now", source.letters.get())
    act(viewer, "forget", source.letters.get())

    assert (source.letters.count(), CrawlRun.objects.filter(is_retry=True).count()) == (1, 0)


def test_a_source_with_letters_says_so_and_can_be_deleted(
    admin_client: Client, source: CrawlSource, settings: Any
) -> None:
    settings.SHOEFINDER_CRAWL_ATTEMPTS = 1
    run = fail(source)

    dashboard = admin_client.get(reverse("admin:crawler_crawlsource_dashboard"))
    assert "1 address was given up" in dashboard.content.decode()
    told = " ".join(admin_client.get(run.get_absolute_url()).content.decode().split())
    assert "0 waiting for another try, 1 given up" in told

    change = reverse("admin:crawler_crawlsource_delete", args=[source.pk])
    admin_client.post(change, {"post": "yes"})
    assert not CrawlSource.objects.exists()


def test_forgetting_counts(source: CrawlSource) -> None:
    fail(source, letter(f"{URL}/1"), letter(f"{URL}/2"))

    assert letters_forget(letters=source.letters.all()) == 2
