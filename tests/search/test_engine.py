"""search(): through the door, over a real database, a fake encoder and an index in memory."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from prometheus_client import REGISTRY

from catalog.filters import CatalogFilter
from catalog.models import Colorway, ImageStatus, ShoeImage
from search import IndexUnavailable, Query, QueryError, SearchPage, search
from search.fusion import FUSIONS
from search.knowledge import knowledge_of
from search.metrics import STAGES
from search.models import ImageEmbedding
from search.ranking import statistics_of
from search.stores.memory import MemoryStore
from tests.search.shelf import Ask, Shelf, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def colours(page: SearchPage) -> list[str]:
    return [result.card.colours[0].slug for result in page.results]


def test_a_photo_finds_what_looks_like_it(shelf: Shelf, ask: Ask) -> None:
    for colour in ("red", "navy", "green", "orange"):
        shelf.colorway(colour)
    shelf.publish()
    page = ask(Query(photo=upload("navy")))
    assert colours(page)[0] == "navy"
    assert len(page.results) == page.total == 4
    assert page.total_exact
    assert not page.has_next
    scores = [result.score for result in page.results]
    assert scores == sorted(scores, reverse=True)


def test_words_find_what_they_say(shelf: Shelf, ask: Ask) -> None:
    for colour in ("red", "navy", "green"):
        shelf.colorway(colour)
    shelf.publish()
    assert colours(ask(Query(words="a green shoe")))[0] == "green"
    assert ask(Query(words="a green shoe")).identification is None


# Those that live on statistics of the catalog have none among three photos.
@pytest.mark.parametrize(
    "fusion", sorted(set(FUSIONS) - {"image", "text", "weicom", "basic", "freedom"})
)
def test_words_edit_the_photo(shelf: Shelf, ask: Ask, fusion: str) -> None:
    for colour in ("red", "navy", "green"):
        shelf.colorway(colour)
    shelf.publish()
    page = ask(Query(photo=upload("navy"), words="same but in green", weight=0.7), fusion=fusion)
    assert colours(page)[0] == "green"


def test_the_slider_goes_from_photo_to_words(shelf: Shelf, ask: Ask) -> None:
    for colour in ("red", "navy", "green"):
        shelf.colorway(colour)
    shelf.publish()
    token = upload("navy")
    assert colours(ask(Query(photo=token, words="green", weight=0)))[0] == "navy"
    assert colours(ask(Query(photo=token, words="green", weight=1)))[0] == "green"


def test_photos_of_one_colorway_are_one_result(shelf: Shelf, ask: Ask) -> None:
    red = shelf.colorway("red", photos=3)
    shelf.colorway("navy", photos=2)
    shelf.publish()
    page = ask(Query(photo=upload("red")))
    first = page.results[0]
    assert first.card.id == red.pk
    own = set(red.images.values_list("id", flat=True))
    assert {first.hit.image_id, *(other.image_id for other in first.others)} == own
    assert len(first.others) == 2
    assert all(first.score >= other.score for other in first.others)
    assert first.photo.url == ShoeImage.objects.get(pk=first.hit.image_id).file.url
    assert all(other.url.endswith(".png") for other in first.others)


def test_filters_narrow_inside_of_the_search(shelf: Shelf, ask: Ask) -> None:
    for colour in ("red", "navy"):
        shelf.colorway(colour, brand="Acme", price=50)
        shelf.colorway(colour, brand="Bolt", price=90, height="high")
    shelf.publish()
    for filters, count in (
        (CatalogFilter(brands=("acme",)), 2),
        (CatalogFilter(brands=("acme",), colours=("red",)), 1),
        (CatalogFilter(models=("bolt/runner",)), 2),
        (CatalogFilter(heights=("high",)), 2),
        (CatalogFilter(price_max=Decimal(60)), 2),
        (CatalogFilter(price_min=Decimal(60)), 2),
        (CatalogFilter(retailers=("shop",), available=True), 4),
        (CatalogFilter(brands=("nobody",)), 0),
    ):
        page = ask(Query(photo=upload("red"), filters=filters))
        assert page.total == len(page.results) == count, filters


def test_every_kind_of_filter_reaches_the_store(shelf: Shelf, ask: Ask) -> None:
    colorway = shelf.colorway("red")
    colorway.category, colorway.gender = "boot", "women"
    colorway.save()
    shelf.publish()
    for filters, count in (
        (CatalogFilter(categories=("boot",), genders=("women",)), 1),
        (CatalogFilter(categories=("sandal",)), 0),
        (CatalogFilter(genders=("men",)), 0),
    ):
        assert ask(Query(words="red", filters=filters)).total == count


def test_pages_follow_each_other_without_gap_or_repeat(shelf: Shelf, ask: Ask) -> None:
    for number in range(7):
        shelf.colorway(["red", "navy", "green", "orange"][number % 4], photos=1 + number % 3)
    shelf.publish()
    token = upload("red")
    pages = [ask(Query(photo=token, page=number), per_page=3) for number in (1, 2, 3, 4)]
    assert [len(page.results) for page in pages] == [3, 3, 1, 0]
    assert [page.has_next for page in pages] == [True, True, False, False]
    seen = [result.card.id for page in pages for result in page.results]
    assert seen == [result.card.id for result in ask(Query(photo=token), per_page=20).results]
    assert len(set(seen)) == 7
    assert [page.identification is not None for page in pages] == [True, False, False, False]


@pytest.mark.parametrize(
    "query",
    [Query(), Query(words="in green"), Query(words="another brand"), Query(words="navy, not nike")],
    ids=lambda query: query.words or "photo alone",
)
def test_the_index_is_read_once(
    shelf: Shelf, ask: Ask, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.colorway("red", photos=3)
    shelf.colorway("navy", photos=2)
    shelf.publish()
    ask(Query(photo=upload("red"), words="in green"))  # evidence of what was published is read
    reads = []
    for name in ("search", "scan"):
        read = getattr(shelf.store, name)
        monkeypatch.setattr(
            shelf.store, name, lambda *a, _read=read, **k: reads.append(a) or _read(*a, **k)
        )
    page = ask(replace(query, photo=upload("red")))
    assert page.identification is not None
    assert page.identification.candidates
    assert len(reads) == 1


def test_the_last_page_has_no_next(shelf: Shelf, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.engine.MAX_PAGE", 2)
    for _ in range(4):
        shelf.colorway("red")
    shelf.publish()
    pages = [ask(Query(words="red", page=number), per_page=1) for number in (1, 2)]
    assert [page.has_next for page in pages] == [True, False]


def test_a_colorway_with_very_many_photos_does_not_end_the_page(shelf: Shelf, ask: Ask) -> None:
    shelf.colorway("red", photos=30)
    shelf.colorway("navy")
    shelf.publish()
    page = ask(Query(photo=upload("red")), per_page=1)
    assert page.has_next
    assert colours(ask(Query(photo=upload("red"), page=2), per_page=1)) == ["navy"]


def test_what_went_since_the_index_was_published_does_not_show(shelf: Shelf, ask: Ask) -> None:
    kept, deleted, rejected, loose = (shelf.colorway("red") for _ in range(4))
    shelf.publish()
    deleted.images.all().delete()
    rejected.images.update(status=ImageStatus.REJECTED)
    loose.images.update(colorway=None)
    page = ask(Query(photo=upload("red")))
    assert [result.card.id for result in page.results] == [kept.pk]
    assert page.total == 1


def test_a_colorway_that_went_between_two_reads_is_left_out(
    shelf: Shelf, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, gone = shelf.colorway("red"), shelf.colorway("navy")
    shelf.publish()

    def cards_without(ids: list[int]) -> dict[int, Any]:
        from catalog.selectors import colorway_cards

        return {key: card for key, card in colorway_cards(ids).items() if key != gone.pk}

    monkeypatch.setattr("search.hydration.colorway_cards", cards_without)
    assert [r.card.id for r in ask(Query(photo=upload("red"))).results] == [kept.pk]


def test_search_with_a_catalog_photo_leaves_that_photo_out(shelf: Shelf, ask: Ask) -> None:
    red = shelf.colorway("red", photos=2)
    shelf.colorway("navy")
    shelf.publish()
    asked = red.images.first()
    assert asked is not None
    page = ask(Query(image_id=asked.pk))
    shown = {result.hit.image_id for result in page.results} | {
        other.image_id for result in page.results for other in result.others
    }
    assert asked.pk not in shown
    assert page.results[0].card.id == red.pk


def test_a_catalog_photo_without_a_vector_is_encoded(shelf: Shelf, ask: Ask) -> None:
    red = shelf.colorway("red", photos=2)
    shelf.publish()
    asked = red.images.first()
    assert asked is not None
    with_vector = ask(Query(image_id=asked.pk))
    ImageEmbedding.objects.filter(image=asked).delete()
    without = ask(Query(image_id=asked.pk))
    assert [r.hit.image_id for r in without.results] == [
        r.hit.image_id for r in with_vector.results
    ]


def test_the_colour_to_leave_is_the_one_that_the_catalog_states(shelf: Shelf, ask: Ask) -> None:
    stated = shelf.colorway("navy")
    for colour in ("red", "green"):
        shelf.colorway(colour)
    shelf.publish()
    image = stated.images.get()
    page = ask(Query(image_id=image.pk, words="in green", weight=0.7), fusion="direction")
    assert colours(page)[0] == "green"


@pytest.mark.parametrize("image_id", [1, 10**12])
def test_a_catalog_photo_that_is_not_there_is_told(shelf: Shelf, ask: Ask, image_id: int) -> None:
    shelf.publish()
    with pytest.raises(QueryError, match="no such photo"):
        ask(Query(image_id=image_id))


def test_a_rejected_photo_cannot_be_searched_with(shelf: Shelf, ask: Ask) -> None:
    image = shelf.colorway("red").images.get()
    shelf.publish()
    image.status = ImageStatus.REJECTED
    image.save()
    with pytest.raises(QueryError, match="no such photo"):
        ask(Query(image_id=image.pk))


def test_an_expired_photo_is_told(shelf: Shelf, ask: Ask) -> None:
    shelf.publish()
    with pytest.raises(QueryError, match="no longer kept"):
        ask(Query(photo="expired"))


def test_an_empty_query_is_told(ask: Ask) -> None:
    with pytest.raises(QueryError, match="photo or a few words"):
        ask(Query(filters=CatalogFilter(colours=("red",))))


def test_without_an_index_the_operator_is_told(ask: Ask) -> None:
    with pytest.raises(IndexUnavailable):
        ask(Query(words="red"))


def test_an_empty_index_answers_with_nothing(shelf: Shelf, ask: Ask) -> None:
    shelf.publish()
    page = ask(Query(photo=upload("red"), words="in green"))
    assert page.results == ()
    assert (page.total, page.has_next, page.total_exact) == (0, False, True)
    assert page.identification is not None
    assert not page.identification.known


@pytest.mark.parametrize("fusion", sorted(FUSIONS))
def test_results_say_where_their_score_comes_from(shelf: Shelf, ask: Ask, fusion: str) -> None:
    for colour in ("red", "navy", "green"):
        shelf.colorway(colour)
    shelf.publish()
    page = ask(Query(photo=upload("red"), words="in green"), fusion=fusion)
    for result in page.results:
        shares = list(result.why.values())
        whole = shares[0] * shares[1] if fusion == "product" else sum(shares)
        assert whole == pytest.approx(result.score, abs=1e-5)


def test_each_stage_is_timed_and_counted(shelf: Shelf, ask: Ask) -> None:
    shelf.colorway("red")
    shelf.publish()

    def counted(stage: str) -> float:
        name = "shoefinder_search_stage_seconds_count"
        return REGISTRY.get_sample_value(name, {"stage": stage}) or 0.0

    before = {stage: counted(stage) for stage in STAGES}
    page = ask(Query(photo=upload("red"), words="in green"))
    assert list(page.timings) == list(STAGES)
    assert all(seconds > 0 for seconds in page.timings.values())
    assert {stage: counted(stage) - before[stage] for stage in STAGES} == dict.fromkeys(STAGES, 1)


def test_queries_do_not_grow_with_what_is_found(
    shelf: Shelf, ask: Ask, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.knowledge.LOOK_AGAIN", 3600.0)

    def queries_of(page: int = 1) -> int:
        with django_assert_max_num_queries(13) as captured:
            ask(Query(photo=token, words="in green", page=page, filters=filters))
        assert isinstance(captured, CaptureQueriesContext)
        return len(captured)

    filters = CatalogFilter(brands=("acme",), retailers=("shop",))
    for colour in ("red", "navy", "green"):
        shelf.colorway(colour, photos=2)
    shelf.publish()
    token = upload("red")
    ask(Query(photo=token, words="in green"))  # outlines of the photo are looked at once
    few = queries_of()
    for colour in ("red", "navy", "green", "orange", "red", "navy"):
        shelf.colorway(colour, photos=3)
    shelf.publish()
    assert Colorway.objects.count() == 9
    ask(Query(photo=token, words="in green"))  # evidence of what was published is read once
    assert queries_of() == few


def test_what_is_known_of_a_store_goes_with_it() -> None:
    """Else it is taken for what is known of the next store that lies at the same address."""
    shelf = Shelf()
    shelf.colorway("red")
    shelf.publish()
    search(Query(words="red"), encoder=shelf.encoder, store=shelf.store)
    known = weakref.ref(knowledge_of(shelf.encoder, shelf.store))
    usual = weakref.ref(statistics_of(shelf.store))
    assert known() is not None
    assert usual() is not None
    shelf.store = MemoryStore(encoder_id=str(shelf.encoder.id), dim=shelf.encoder.dim)
    gc.collect()
    assert (known(), usual()) == (None, None)
