"""What shops write, as evidence for the free words of a query."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Listing
from catalog.selectors import listing_texts
from search import Query, SearchPage, ranking
from search.edits import edit_parse
from search.evidence import agreement
from search.fusion.mixture import recipe
from search.wording import free_words
from tests.search.shelf import Ask, Shelf, upload


def test_rare_words_count_for_more_and_spelling_may_differ() -> None:
    texts = ["Acme Runner Flyknit", "Acme Runner Wendell Flyknit", "Acme Court", ""]
    found = agreement(("flyknit", "wendell"), texts)
    assert found[1] == pytest.approx(1.0)
    assert found[1] > found[0] > found[2] == found[3] == 0
    assert agreement(("wendel",), texts).tolist() == [0, 1, 0, 0]
    assert agreement(("nobody",), texts).tolist() == [0, 0, 0, 0]
    assert agreement((), texts).tolist() == [0, 0, 0, 0]
    assert np.shape(agreement(("any",), [])) == (0,)


def test_only_words_that_shops_may_write_are_looked_for() -> None:
    assert free_words(edit_parse("red, with a fluffy collar")) == ("fluffy", "collar")
    assert free_words(edit_parse("same brand but red")) == ()


@pytest.fixture
def shelf(db: None) -> Shelf:
    shelf = Shelf()
    for number in range(30):
        shelf.colorway("red", model=f"A{number}")
    Listing.objects.filter(colorway__model__name="A20").update(title="Acme A20 Waterproof")
    shelf.publish()
    return shelf


def test_a_free_word_that_a_shop_writes_brings_a_shoe_forward(ask: Ask) -> None:
    photo = upload("red")

    def asked(words: str) -> SearchPage:
        return ask(Query(photo=photo, words=words), per_page=30)

    unknown = [result.card.model for result in asked("red, weatherbeaten").results]
    last = unknown[-1]
    Listing.objects.filter(colorway__model__name=last).update(title=f"Acme {last} Stormproof")
    page = asked("red, stormproof")
    written = {result.card.model: result.why["listings"] for result in page.results}
    assert written.pop(last) == recipe().listings
    assert set(written.values()) == {0.0}
    for result in page.results:
        assert sum(result.why.values()) == pytest.approx(result.score, abs=1e-4)
    said = [result.card.model for result in page.results]
    assert said.index(last) < unknown.index(last)


def test_pages_go_on_however_few_are_read(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    query = Query(photo=upload("red"), words="same but waterproof")
    whole = [r.card.id for r in ask(query, per_page=30).results]
    monkeypatch.setattr(ranking, "READ", 25)
    paged = [r.card.id for n in (1, 2, 3) for r in ask(replace(query, page=n), per_page=10).results]
    assert len(paged) == len(set(paged)) == len(whole)


def test_it_is_one_query_and_none_without_free_words(ask: Ask, shelf: Shelf) -> None:
    def queries(words: str) -> int:
        ask(Query(photo=photo, words=words))
        with CaptureQueriesContext(connection) as captured:
            ask(Query(photo=photo, words=words))
        return len(captured)

    photo = upload("red")
    assert queries("red, waterproof") == queries("red") + 1
    assert listing_texts([]) == {}
