"""What failed for a reason that may pass: noted by a run, asked again by later ones.

A letter is kept in the frontier, in the transaction that finishes its request, until its row in the
database is written: a killed run loses none, and written twice a letter is the same row.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from catalog.types import MAX_URL
from crawler.models import DeadLetter
from crawler.scraping.failures import is_mendable, reason_of
from crawler.scraping.frontier import Frontier
from crawler.scraping.guard import IS_PHOTO
from crawler.types import KnownLetter, Letter, Problem, RunPlan

LEADS = "leads"
"""In a request's meta: a seed, sitemap, feed or list, through which much of a shop is found."""
IS_LETTER = "is_letter"
"""In a request's meta: asked for since it failed in an earlier run."""
PHOTO_OF = "photo_of"
"""In the meta of a photo's request: [listing id, position] of each listing that shows it."""
WAITS = "waits"
"""Kind of the notice that something is left in peace until its time has come."""
BATCH = 500
MAX_PLACES = 500
"""Listings of one page, or of one photo."""
_OF_ONE_TRY = {
    "retry_times", "redirect_times", "redirect_ttl", "redirect_urls", "redirect_reasons", "depth",
    "download_slot", "download_timeout", IS_LETTER,
}  # fmt: skip
"""What Scrapy noted in the meta of a request while it was under way."""


class Letters:
    """Those of one run. A dry run has none."""

    def __init__(self, plan: RunPlan, frontier: Frontier) -> None:
        self._frontier = frontier
        self._known = {letter.url: letter for letter in plan.letters}
        self._asked = {letter.url for letter in plan.letters if letter.request is not None}
        self._noted: dict[str, Letter] = {}
        self._left = plan.letters_left
        self._is_dry_run = plan.is_dry_run

    def waiting(self, url: str, *, leads: bool = False) -> KnownLetter | None:
        """The letter of an address that is to be left in peace for now.

        Args:
            leads: it is a seed or a list, and waits only as long as the shop asks for.
        """
        letter = self._known.get(url)
        if letter is None:
            return None
        until = letter.held if leads else letter.due
        return letter if until > time.time() else None

    def is_open(self, url: str) -> bool:
        """Whether this run is to ask for it, and has had no answer yet."""
        return url in self._asked

    def to_ask(self) -> Iterator[dict[str, Any]]:
        """Requests of the letters that this run asks for by itself, as the frontier keeps them."""
        for letter in self._known.values():
            if letter.request is not None:
                meta = {**letter.request["meta"], IS_LETTER: True}
                yield {**letter.request, "meta": meta}

    def note(
        self, problem: Problem, content: dict[str, Any], *, listings: Sequence[int] = ()
    ) -> bool:
        """What became of a request that failed; False where no more are noted."""
        url = str(content["url"])
        if self._is_dry_run:
            return True
        if not is_mendable(problem):
            self.answered(url)
            return True
        self._asked.discard(url)
        noted = self._noted.get(url)
        if len(url) > MAX_URL or (noted is None and url not in self._known and self._left <= 0):
            return False
        self._left -= noted is None and url not in self._known
        meta = {name: value for name, value in content["meta"].items() if name not in _OF_ONE_TRY}
        if noted is not None and PHOTO_OF in meta:
            # Two listings miss the same photo.
            places = map(tuple, [*noted.request["meta"][PHOTO_OF], *meta[PHOTO_OF]])
            meta[PHOTO_OF] = [list(place) for place in dict.fromkeys(places)][:MAX_PLACES]
        letter = Letter(
            url=url,
            kind=kind_of(meta),
            reason=reason_of(problem),
            message=problem.message,
            request={**content, "meta": meta},
            listings=tuple(listings)[:MAX_PLACES],
            retry_after=problem.retry_after,
        )
        self._noted[url] = letter
        self._frontier.set_letter(url, asdict(letter))
        return True

    def answered(self, url: str) -> None:
        """It is there, or will not be: whatever was noted of it is over."""
        if url in self._known or url in self._noted:
            self._asked.discard(url)
            self._known.pop(url, None)
            self._noted.pop(url, None)
            self._frontier.set_letter(url, None)

    def pending(self) -> list[tuple[str, str]]:
        """Up to `BATCH` that are still to be written: address and, as JSON, a letter or null."""
        return self._frontier.letters(BATCH)

    def written(self, batch: Sequence[tuple[str, str]]) -> None:
        self._frontier.drop_letters(batch)


def letters_of(batch: Sequence[tuple[str, str]]) -> tuple[list[Letter], list[str]]:
    """Of a batch: the letters, and the addresses whose letter is over."""
    told = [(url, json.loads(content)) for url, content in batch]
    failed = [
        Letter(**{**content, "listings": tuple(content["listings"])})
        for _, content in told
        if content is not None
    ]
    return failed, [url for url, content in told if content is None]


def kind_of(meta: dict[str, Any]) -> str:
    """What a request asks for, by its meta."""
    if meta.get(IS_PHOTO):
        return DeadLetter.Kind.PHOTO
    return DeadLetter.Kind.LIST if meta.get(LEADS) else DeadLetter.Kind.PAGE


def photo_content(url: str, places: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """The request for a photo by itself, as the frontier keeps it.

    Args:
        places: (listing id, position) of each listing that shows it.
    """
    return {
        "url": url, "callback": "parse_photo", "errback": "on_failure", "priority": 0,
        "dont_filter": True, "meta": {IS_PHOTO: True, PHOTO_OF: [list(one) for one in places]},
    }  # fmt: skip
