"""Query: a value object that survives its own address, and refuses what nobody can mean."""

from __future__ import annotations

import dataclasses
import unicodedata
from contextlib import suppress
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from catalog.filters import CatalogFilter
from search import Query, QueryError
from search.crop import SMALLEST, Crop
from search.edits import Edit, term_make
from search.query import MAX_PAGE, MAX_PHOTOS, MAX_WORDS, words_clean

slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)
filters = st.builds(
    CatalogFilter,
    brands=st.lists(slugs, max_size=3).map(tuple),
    models=st.lists(st.builds("{}/{}".format, slugs, slugs), max_size=2).map(tuple),
    colours=st.lists(st.sampled_from(["red", "off-white", "navy"])).map(tuple),
    heights=st.lists(st.sampled_from(["low", "mid", "high"])).map(tuple),
    retailers=st.lists(slugs, max_size=2).map(tuple),
    price_max=st.none() | st.integers(1, 500).map(Decimal),
    available=st.booleans(),
)
tokens = st.from_regex(r"[A-Za-z0-9_-]{1,43}", fullmatch=True)
photos = st.one_of(
    st.just({}),
    st.builds(
        lambda token, more: {"photo": token, "more_photos": tuple(more)},
        tokens,
        st.lists(tokens, max_size=MAX_PHOTOS - 1),
    ),
    st.builds(lambda number: {"image_id": number}, st.integers(1, 2**63 - 1)),
)
terms = st.builds(
    term_make,
    st.sampled_from(["keep", "change"]),
    st.sampled_from(["brand", "model", "sole"]),
    st.none() | st.from_regex(r"[A-Za-z0-9:@.&+-]{1,12}", fullmatch=True),
    st.floats(0, 2),
)
edits = st.none() | st.builds(
    Edit,
    words=st.just(""),
    terms=st.lists(terms, max_size=4).map(tuple),
    free_text=st.text(max_size=20),
    alternatives=st.booleans(),
)
sides = st.tuples(st.floats(0, 0.9), st.floats(SMALLEST + 0.001, 1)).map(
    lambda side: (side[0], min(side[1], 1 - side[0]))
)
crops = st.builds(lambda x, y: Crop(x[0], y[0], x[1], y[1]), sides, sides)
queries = st.builds(
    lambda photo, refined, **rest: Query(
        **photo, like=tuple(refined[::2]), unlike=tuple(refined[1::2]), **rest
    ),
    photo=photos,
    crop=st.none() | crops,
    refined=st.lists(st.integers(1, 2**63 - 1), max_size=6, unique=True),
    words=st.text(max_size=MAX_WORDS // 3),
    weight=st.floats(0, 1),
    edit=edits,
    filters=filters,
    page=st.integers(1, MAX_PAGE),
)


def params(text: str) -> QueryDict:
    return QueryDict(text)


@given(queries)
def test_an_address_gives_the_same_query_back(query: Query) -> None:
    assert Query.from_params(params(urlencode(query.to_params()))) == query


@given(queries, queries)
def test_equal_addresses_are_equal_queries(one: Query, other: Query) -> None:
    assert (one.to_params() == other.to_params()) == (one == other)


@given(st.text(max_size=400))
def test_words_are_clean_and_cleaning_is_done_once(text: str) -> None:
    clean = words_clean(text)
    assert words_clean(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert not any(unicodedata.category(char).startswith("C") for char in clean)
    assert clean == " ".join(clean.split())


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_address_is_a_query_or_a_plain_error(name: str, value: str) -> None:
    for key in (
        "q",
        "chip",
        "text",
        "photo",
        "image",
        "crop",
        "like",
        "unlike",
        "weight",
        "page",
        "brand",
        "price_min",
        name,
    ):
        # Anything but a QueryError fails the test.
        with suppress(QueryError):
            Query.from_params(params(urlencode({key: value})))


def test_an_empty_address_is_an_empty_query() -> None:
    query = Query.from_params(params(""))
    assert query == Query()
    assert query.is_empty
    assert query.to_params() == []


def test_what_forms_leave_empty_does_not_count() -> None:
    text = "q=&photo=&image=&weight=&page=&brand=&price_min="
    assert Query.from_params(params(text)) == Query()


def test_control_characters_go_and_accents_are_composed() -> None:
    query = Query.from_params(params(urlencode({"q": "rouge\x00\x1b[2J\u202e fonce\u0301\t\n  "})))
    assert query.words == "rouge [2J foncé"


@pytest.mark.parametrize("words", ["a" * 10_000, "é" * (MAX_WORDS + 1), "word " * 2000])
def test_too_many_words_are_refused_in_words(words: str) -> None:
    with pytest.raises(QueryError, match=f"{MAX_WORDS} is the most"):
        Query(words=words)


def test_the_longest_words_are_taken() -> None:
    assert len(Query(words="é" * MAX_WORDS).words) == MAX_WORDS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("page=0", "page 1"),
        ("page=-1", "page 1"),
        ("page=1.0", "page 1"),
        ("page=%D9%A1", "page 1"),
        ("page=1_0", "page 1"),
        (f"page={MAX_PAGE + 1}", "end at page"),
        ("page=99999999999999999999", "page 1"),
        ("weight=nan", "between 0 and 1"),
        ("weight=inf", "between 0 and 1"),
        ("weight=1.01", "between 0 and 1"),
        ("weight=much", "a number between 0 and 1"),
        ("image=0", "no such photo"),
        ("image=9223372036854775808", "no such photo"),
        ("image=12abc", "no such photo"),
        ("chip=avoid:colour", "must say what"),
        ("chip=change:colour:chartreuse", "not a colour"),
        ("chip=change:price:80-50", "lower price"),
        ("chip=" + "&chip=".join(f"change:brand:b{n}" for n in range(25)), "At most 24"),
        ("photo=../../etc/passwd", "damaged"),
        ("photo=" + "a" * 65, "damaged"),
        ("photo=abc&image=3", "one photo at a time"),
        ("photo=a&photo=..", "damaged"),
        ("&".join(f"photo=a{n}" for n in range(6)), "up to 5 photos"),
        ("photo=a&crop=0,0,1", "frame around the shoe"),
        ("photo=a&crop=0,0,1,nan", "frame around the shoe"),
        ("photo=a&crop=0.5,0,0.6,1", "does not lie in the photo"),
        ("photo=a&crop=-0.1,0,0.6,1", "does not lie in the photo"),
        ("photo=a&crop=0.5,0.5,0.01,0.4", "too small"),
        ("like=3&unlike=3", "cannot be both what"),
        ("like=0", "no such photo"),
        ("unlike=x", "no such photo"),
        ("&".join(f"unlike={n}" for n in range(1, 22)), "up to 20 shoes"),
        ("colour=chartreuse", "not a value of the filter"),
        ("price_min=-3", "not a price"),
    ],
)
def test_forged_values_are_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        Query.from_params(params(text))


def test_the_weight_has_one_spelling() -> None:
    assert Query(words="red", weight=0.3000001).to_params() == [("q", "red"), ("weight", "0.3")]
    assert Query(weight=-0.0).to_params() == [("weight", "0")]
    assert Query(weight=0.5).to_params() == []


def test_filters_alone_are_not_a_search() -> None:
    assert Query(filters=CatalogFilter(colours=("red",))).is_empty
    assert not Query(words="red").is_empty
    assert not Query(image_id=3).is_empty
    assert not Query(photo="abc").is_empty


def test_photos_of_one_shoe_keep_their_order_and_count_once() -> None:
    query = Query.from_params(params("photo=a&photo=b&photo=a&crop=0.1,0.2,0.5,0.6"))
    assert query.photos == ("a", "b")
    assert query.crop == Crop(0.1, 0.2, 0.5, 0.6)
    assert query.with_photos(("a",)).crop == query.crop
    assert query.with_photos(("b",)).crop is None
    assert not query.with_photos(()).has_photo


def test_a_frame_of_the_whole_photo_is_none() -> None:
    assert Query(photo="a", crop=Crop(0, 0, 1, 1)) == Query(photo="a")
    assert Query(words="red", crop=Crop(0, 0, 0.5, 1)) == Query(words="red")


@given(crops, st.integers(1, 4000), st.integers(1, 4000))
def test_a_frame_survives_its_spelling_and_holds_pixels(crop: Crop, w: int, h: int) -> None:
    assert Crop.parse(str(crop)) == crop
    left, upper, right, lower = crop.box((w, h))
    assert 0 <= left < right <= w
    assert 0 <= upper < lower <= h


def test_what_is_said_of_an_answer_is_said_once_and_taken_back() -> None:
    start = Query(words="red", page=3)
    liked = start.refined(like=7)
    assert (liked.like, liked.page) == ((7,), 1)
    turned = liked.refined(unlike=7).refined(like=2)
    assert (turned.like, turned.unlike) == ((2,), (7,))
    assert turned.unrefined(7).unrefined(2) == Query(words="red")
    assert not Query(like=(3,)).is_empty
    assert Query(unlike=(3,)).is_empty


def test_a_query_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Query().page = 2  # type: ignore[misc]
