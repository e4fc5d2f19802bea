"""What a run notes of its failures, in the frontier and until it is written."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from crawler.scraping.frontier import Frontier
from crawler.scraping.letters import IS_LETTER, LEADS, PHOTO_OF, Letters, letters_of, photo_content
from crawler.types import KnownLetter, Letter, Problem, RunPlan

URL = "https://shop.example/p"


@pytest.fixture
def frontier(tmp_path: Path) -> Frontier:
    return Frontier(tmp_path / "frontier.sqlite3")


def plan(**told: Any) -> RunPlan:
    values: dict[str, Any] = {
        "run_id": 1, "retailer_id": 1, "spider": "structured", "seeds": (), "hosts": (),
        "directory": Path(), "delay": None, "concurrency": 4, "max_photos": 9, "max_pages": None,
        "max_seconds": None, "max_bytes": None, "letters_left": 9,
    }  # fmt: skip
    return RunPlan(**values | told)


def request(url: str = URL, **meta: Any) -> dict[str, Any]:
    return {"url": url, "callback": "parse", "errback": "on_failure", "priority": 0,
            "dont_filter": False, "meta": meta}  # fmt: skip


def away(kind: str = "http-503") -> Problem:
    return Problem(kind, URL, "Away.", retry_after=90.0)


def kept(letters: Letters) -> list[Letter]:
    return letters_of(letters.pending())[0]


def test_a_failure_is_kept_as_it_was_before_it_was_tried(frontier: Frontier) -> None:
    letters = Letters(plan(), frontier)

    assert letters.note(away(), request(lastmod="x", retry_times=2, depth=1), listings=[7])

    (letter,) = kept(letters)
    assert (letter.kind, letter.reason, letter.retry_after) == ("page", "http-503", 90.0)
    assert (letter.request["meta"], letter.listings) == ({"lastmod": "x"}, (7,))


def test_a_list_waits_only_as_long_as_its_shop_asks(frontier: Frontier) -> None:
    now = time.time()
    known = KnownLetter(url=URL, told="Away.", due=now + 99, request=None)
    held = KnownLetter(url=f"{URL}/2", told="Away.", due=now + 99, held=now + 99, request=None)
    letters = Letters(plan(letters=(known, held)), frontier)

    assert letters.waiting(URL) is known
    assert letters.waiting(URL, leads=True) is None
    assert letters.waiting(held.url, leads=True) is held


def test_what_is_not_written_yet_survives_the_process(frontier: Frontier, tmp_path: Path) -> None:
    letters = Letters(plan(), frontier)
    letters.note(away(), request(**{LEADS: True}))
    batch = letters.pending()
    letters.note(away("timeout"), request(**{LEADS: True}))
    frontier.commit()

    again = Letters(plan(), Frontier(tmp_path / "frontier.sqlite3"))
    # Said anew since the batch was taken: that is still to be written.
    again.written(batch)

    assert [(one.kind, one.reason) for one in kept(again)] == [("list", "timeout")]
    again.written(again.pending())
    assert again.pending() == []


@pytest.mark.parametrize("kind", ["http-404", "tls", "redirect-loop", "too-many-bytes"])
def test_a_failure_that_will_not_pass_is_no_letter(frontier: Frontier, kind: str) -> None:
    known = KnownLetter(url=URL, told="", due=0.0, request=request())
    letters = Letters(plan(letters=[known]), frontier)
    assert letters.is_open(URL)

    letters.note(away(kind), request())

    assert not letters.is_open(URL)
    assert letters_of(letters.pending()) == ([], [URL])


def test_what_answers_after_all_is_over(frontier: Frontier) -> None:
    letters = Letters(plan(), frontier)
    letters.note(away(), request())

    letters.answered(URL)
    letters.answered(f"{URL}/never-noted")

    assert letters_of(letters.pending()) == ([], [URL])


def test_listings_that_miss_the_same_photo_share_its_letter(frontier: Frontier) -> None:
    letters = Letters(plan(), frontier)
    for place in ((1, 0), (2, 3), (1, 0)):
        letters.note(away("photo-timeout"), photo_content(URL, [place]))

    (letter,) = kept(letters)
    assert (letter.kind, letter.reason) == ("photo", "timeout")
    assert letter.request["meta"][PHOTO_OF] == [[1, 0], [2, 3]]


def test_only_so_many_new_ones_are_noted(frontier: Frontier) -> None:
    known = KnownLetter(url=f"{URL}/known", told="", due=0.0, request=None)
    letters = Letters(plan(letters=[known], letters_left=2), frontier)

    noted = [letters.note(away(), request(f"{URL}/{name}")) for name in ("1", "2", "3", "known")]

    assert noted == [True, True, False, True]
    assert {one.url[-1] for one in kept(letters)} == {"1", "2", "n"}


def test_a_dry_run_notes_nothing(frontier: Frontier) -> None:
    letters = Letters(plan(is_dry_run=True, letters_left=0), frontier)

    assert letters.note(away(), request())

    assert letters.pending() == []


def test_due_ones_are_asked_for_and_others_wait(frontier: Frontier) -> None:
    later = time.time() + 60
    letters = Letters(
        plan(letters=[
            KnownLetter(url=URL, told="", due=0.0, request=request()),
            KnownLetter(url=f"{URL}/2", told="Later.", due=later, request=None),
        ]),
        frontier,
    )  # fmt: skip

    assert list(letters.to_ask()) == [request(**{IS_LETTER: True})]
    assert letters.waiting(URL) is None
    waiting = letters.waiting(f"{URL}/2")
    assert waiting is not None
    assert waiting.told == "Later."
