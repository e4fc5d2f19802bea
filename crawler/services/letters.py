"""Dead letters: what failed for a reason that may pass, tried by later runs, then given up."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from catalog.models import Listing, Retailer
from catalog.services.drafts import url_digest
from catalog.text import text_clean
from crawler.exceptions import CrawlRefused
from crawler.models import CrawlRun, CrawlSource, DeadLetter
from crawler.services.runs import crawl_run_request
from crawler.types import KnownLetter, Letter

MAX_OF_RUN = 1_000
"""New letters of one run: a shop that fails everywhere does not fill the table."""
MAX_OF_SOURCE = 10_000
FIRST_WAIT = timedelta(hours=1)
WAIT_FACTOR = 4
"""1 hour, 4 hours, 16 hours, 2.7 days, then a week."""
LONGEST_WAIT = timedelta(days=7)
LONGEST_RETRY_AFTER = timedelta(days=30)
JITTER = 0.2
"""Share of the wait by which it is longer or shorter, by chance: what failed together does not come
back together."""
_COLUMNS = ("kind", "state", "reason", "message", "attempts", "last_failed_at", "next_try_at",
            "held_until", "request", "listings", "last_run")  # fmt: skip


def letters_known(run: CrawlRun) -> list[KnownLetter]:
    """The letters of a run's source: what it is to ask for, and what it is to leave in peace."""
    rows = DeadLetter.objects.filter(source=run.source_id).exclude(last_run=run)
    now = timezone.now()
    return [_known(row, run, now) for row in rows.order_by("pk").iterator()]


def _known(row: DeadLetter, run: CrawlRun, now: datetime) -> KnownLetter:
    is_due = row.next_try_at <= now and row.state == DeadLetter.State.WAITING
    is_asked = row.retried_by_id == run.pk if run.is_retry else is_due
    is_list = row.kind == DeadLetter.Kind.LIST
    at = timezone.localtime(row.held_until if is_list and row.held_until else row.next_try_at)
    times = "once" if row.attempts == 1 else f"in {row.attempts} runs"
    return KnownLetter(
        url=row.url,
        told=f"It failed {times} ({row.reason}) and is left in peace until {at:%Y-%m-%d %H:%M}.",
        due=0.0 if is_asked else row.next_try_at.timestamp(),
        held=0.0 if is_asked or row.held_until is None else row.held_until.timestamp(),
        request=row.request if is_asked else None,
    )


def letters_left(run: CrawlRun) -> int:
    """How many new ones a run may still note."""
    noted = DeadLetter.objects.filter(source=run.source_id).order_by()
    of_run = noted.filter(last_run=run, attempts=1).count()
    return max(0, min(MAX_OF_RUN - of_run, MAX_OF_SOURCE - noted.count()))


def letters_write(run_id: int, failed: Sequence[Letter], over: Sequence[str]) -> None:
    """Write what failed in a run, and forget what is over. A second call changes nothing.

    Args:
        over: addresses that answered, or that are known now to be gone for good.
    """
    source_id = CrawlRun.objects.values_list("source_id", flat=True).get(pk=run_id)
    rows = DeadLetter.objects.filter(source=source_id)
    with transaction.atomic():
        if over:
            rows.filter(url_sha256__in=[url_digest(url) for url in over]).delete()
        if not failed:
            return
        told = {url_digest(letter.url): letter for letter in failed}
        known = {row.url_sha256: row for row in rows.filter(url_sha256__in=told)}
        now = timezone.now()
        DeadLetter.objects.bulk_create(
            [
                _row(letter, digest, known.get(digest), source_id, run_id, now)
                for digest, letter in told.items()
            ],
            update_conflicts=True,
            unique_fields=["source", "url_sha256"],
            update_fields=_COLUMNS,
        )


def _row(
    letter: Letter,
    digest: str,
    known: DeadLetter | None,
    source_id: int,
    run_id: int,
    now: datetime,
) -> DeadLetter:
    is_again = known is not None and known.last_run_id == run_id
    attempts = 1 if known is None else known.attempts + (not is_again)
    is_dead = attempts >= settings.SHOEFINDER_CRAWL_ATTEMPTS
    asked = asked_wait(letter.retry_after)
    return DeadLetter(
        source_id=source_id,
        url=letter.url,
        url_sha256=digest,
        kind=letter.kind,
        state=DeadLetter.State.DEAD if is_dead else DeadLetter.State.WAITING,
        reason=letter.reason[:60],
        message=text_clean(letter.message, 500),
        attempts=attempts,
        first_failed_at=known.first_failed_at if known else now,
        last_failed_at=known.last_failed_at if known and is_again else now,
        next_try_at=now + wait_before(attempts, letter.retry_after, is_dead=is_dead),
        held_until=now + asked if asked else None,
        request=_storable(letter.request),
        # Where the memory of pages was lost since, what it said stays.
        listings=list(letter.listings) or (known.listings if known else []),
        last_run_id=run_id,
    )


def _storable(told: Any) -> Any:
    """What a shop wrote may hold characters that no database takes."""
    if isinstance(told, str):
        return told.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(told, Mapping):
        return {_storable(name): _storable(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [_storable(value) for value in told]
    return told


def wait_before(attempts: int, retry_after: float | None, *, is_dead: bool = False) -> timedelta:
    """How long after its last failure something is left in peace, spread by chance.

    Args:
        attempts: how often it failed, from 1.
        retry_after: seconds that the shop asks to wait; waited for at least.
        is_dead: given up, so that only a page that leads to it brings it back, and not soon.
    """
    wait = LONGEST_WAIT
    if attempts < 10:
        wait = min(FIRST_WAIT * WAIT_FACTOR ** (attempts - 1), LONGEST_WAIT)
    if is_dead:
        wait = timedelta(days=settings.SHOEFINDER_CRAWL_FULL_DAYS)
    wait *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, no secret
    return max(wait, asked_wait(retry_after))


def asked_wait(retry_after: float | None) -> timedelta:
    """How long a shop asks to wait; at most `LONGEST_RETRY_AFTER`, none where it does not say."""
    return min(timedelta(seconds=retry_after or 0), LONGEST_RETRY_AFTER)


def letters_retry(*, letters: QuerySet[DeadLetter], by: User) -> tuple[list[CrawlRun], list[str]]:
    """Ask for a run over just these, one for each source.

    Returns:
        The runs, and why none was started of the other sources.
    """
    runs: list[CrawlRun] = []
    refused: list[str] = []
    chosen: dict[int, list[int]] = {}
    for source_id, number in letters.order_by("source", "pk").values_list("source", "pk"):
        chosen.setdefault(source_id, []).append(number)
    sources = CrawlSource.objects.in_bulk(chosen)
    for source_id, numbers in chosen.items():
        try:
            runs.append(_retry(sources[source_id], numbers, by))
        except CrawlRefused as error:
            refused.append(str(error))
    return runs, refused


def _retry(source: CrawlSource, numbers: Sequence[int], by: User) -> CrawlRun:
    with transaction.atomic():
        run = crawl_run_request(
            source=source, trigger=CrawlRun.Trigger.ADMIN, requested_by=by, is_retry=True
        )
        DeadLetter.objects.filter(pk__in=numbers).update(retried_by=run)
    return run


def letters_forget(*, letters: QuerySet[DeadLetter]) -> int:
    """Delete them: the next run that meets their addresses asks for them as for any other."""
    return letters.delete()[0]


def letters_expire() -> int:
    """Delete those that were given up and that no run met for ``SHOEFINDER_LETTER_DAYS``; how many.

    Those that wait stay, however old: they keep listings from being taken for gone.
    """
    before = timezone.now() - timedelta(days=settings.SHOEFINDER_LETTER_DAYS)
    old = DeadLetter.objects.filter(state=DeadLetter.State.DEAD, last_failed_at__lt=before)
    return letters_forget(letters=old)


def listings_waiting(*, retailer: Retailer, unseen: QuerySet[Listing]) -> Collection[int]:
    """Ids of the listings, of those not seen, whose page only failed and is to be tried again."""
    pages: set[str] = set()
    about: set[int] = set()
    for url, listings in _waiting(retailer, DeadLetter.Kind.PAGE).values_list("url", "listings"):
        pages.add(url.partition("#")[0])
        about.update(listings)
    if not pages:
        return set()
    return {
        number
        for number, url in unseen.values_list("pk", "url").iterator()
        if number in about or url.partition("#")[0] in pages
    }


def list_waits(*, retailer: Retailer) -> bool:
    """Whether a list of a shop failed: what stands in it cannot be told from what is gone."""
    return _waiting(retailer, DeadLetter.Kind.LIST).exists()


def list_is_held(source: CrawlSource) -> bool:
    """Whether the shop asks to wait for a list of the source: no run has seen what stands in it."""
    held = source.letters.filter(kind=DeadLetter.Kind.LIST, held_until__gt=timezone.now())
    return held.exists()


def _waiting(retailer: Retailer, kind: str) -> QuerySet[DeadLetter]:
    return DeadLetter.objects.filter(
        source__retailer=retailer, state=DeadLetter.State.WAITING, kind=kind
    ).order_by()
