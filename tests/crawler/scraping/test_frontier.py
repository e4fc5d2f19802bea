"""What is to be visited, through crashes; and counts that are neither lost nor doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from crawler.models import CrawlError
from crawler.scraping.frontier import Frontier
from crawler.scraping.ledger import Ledger
from crawler.types import Problem


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "frontier.sqlite3"


def add(frontier: Frontier, name: str, priority: int = 0) -> None:
    frontier.add(priority=priority, content={"url": name})


def names(frontier: Frontier) -> list[str]:
    taken = []
    while (one := frontier.take()) is not None:
        taken.append(one[1]["url"])
    return taken


def kill(frontier: Frontier) -> None:
    """As kill -9 would: what was not committed is gone."""
    frontier._db.close()


def test_by_priority_then_by_age(path: Path) -> None:
    frontier = Frontier(path)
    for name, priority in [("a", 0), ("b", 5), ("c", 0), ("d", 5)]:
        add(frontier, name, priority)

    assert frontier.waiting == 4
    assert names(frontier) == ["b", "d", "a", "c"]
    assert (frontier.waiting, frontier.issued) == (0, 4)


def test_what_was_issued_and_not_done_comes_back_after_a_crash(path: Path) -> None:
    frontier = Frontier(path)
    add(frontier, "a")
    add(frontier, "b")
    frontier.mark_seen(b"a")
    done, _ = frontier.take() or (0, {})
    frontier.take()
    frontier.done(done, {"pages": 1})
    frontier.commit()
    add(frontier, "never committed")
    kill(frontier)

    again = Frontier(path)

    assert again.waiting == 1
    assert names(again) == ["b"]
    assert again.is_seen(b"a")
    assert again.counts["pages"] == 1


def test_a_retry_keeps_its_place_and_a_replaced_request_its_key(path: Path) -> None:
    frontier = Frontier(path)
    add(frontier, "a")
    key, _ = frontier.take() or (0, {})

    frontier.replace(key, priority=3, content={"url": "where it leads"})

    assert frontier.take() == (key, {"url": "where it leads"})


def test_an_address_belongs_to_the_first_listing_that_takes_it(path: Path) -> None:
    frontier = Frontier(path)

    assert frontier.claim_listing(b"url", key=1, sku="s") == (True, "s")
    assert frontier.claim_listing(b"url", key=1, sku="s") == (True, "s")
    assert frontier.claim_listing(b"url", key=2, sku="s") == (False, "s")
    assert frontier.claim_listing(b"url", key=1, sku="other") == (False, "s")


def test_notes_are_kept(path: Path) -> None:
    frontier = Frontier(path)
    frontier.set_note("x", {"a": [1]})
    frontier.close()

    again = Frontier(path)
    assert again.note("x") == {"a": [1]}
    assert again.note("y", "nothing") == "nothing"


def test_counts_of_a_request_stand_when_it_is_done(path: Path) -> None:
    frontier = Frontier(path)
    ledger = Ledger(frontier)
    for _ in range(2):
        add(frontier, "a")
        frontier.take()
    ledger.count(1, "products")
    ledger.count(2, "products")
    ledger.problem(1, Problem("http-404", "/x", "gone"))
    ledger.problem(1, Problem("robots", "/y", "asked not to", is_notice=True))

    assert ledger.snapshot().columns == {"products": 2, "errors": 1}
    ledger.finish(1)
    ledger.forget(2)  # it will be done again, and counted then
    ledger.commit()
    kill(frontier)

    again = Ledger(Frontier(path)).snapshot()
    assert again.columns == {"products": 1, "errors": 1}
    assert sorted((kind, notice, n) for kind, notice, n, _ in again.kinds) == [
        ("http-404", False, 1), ("robots", True, 1),
    ]  # fmt: skip


def test_examples_are_few_and_counts_exact(path: Path) -> None:
    ledger = Ledger(Frontier(path))
    for number in range(50):
        ledger.problem(1, Problem("http-404", f"/{number}", "gone"))

    ((_, _, count, examples),) = ledger.snapshot().kinds
    assert (count, len(examples)) == (50, CrawlError.MAX_EXAMPLES)
    assert ledger.total("problem:http-404") == 50
