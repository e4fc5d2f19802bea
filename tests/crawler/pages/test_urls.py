"""Which addresses are the same, which are none, and which are of one kind."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.types import MAX_URL
from crawler.scraping.pages.urls import url_clean, url_is_page, url_shape

BASE = "https://shop.example/c/all?page=2"


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("/p/1", "https://shop.example/p/1"),
        ("  ../p/1  ", "https://shop.example/p/1"),
        ("?page=3", "https://shop.example/c/all?page=3"),
        ("//CDN.example/x", "https://cdn.example/x"),
        ("https://shop.example", "https://shop.example/"),
        ("/p/1#reviews", "https://shop.example/p/1"),
        ("/p/1?utm_source=a&colour=red&gclid=7", "https://shop.example/p/1?colour=red"),
        ("/p/ä b", "https://shop.example/p/%C3%A4%20b"),
    ],
)
def test_an_address_is_made_absolute_and_plain(href: str, url: str) -> None:
    assert url_clean(href, base=BASE) == url


@pytest.mark.parametrize(
    "href",
    [
        "", "#top", "javascript:void(0)", "mailto:a@b.c", "tel:1", "file:///etc/passwd", "data:,x",
        "ftp://shop.example/", "https://user:secret@shop.example/", "http://[::1",
        "https://shop.example:port/", "/" + "x" * MAX_URL,
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_page(href: str) -> None:
    assert url_clean(href, base=BASE) is None


@example(";\x08")
@given(st.text(max_size=300))
def test_any_text_gives_a_web_address_or_none(href: str) -> None:
    url = url_clean(href, base=BASE)

    assert url is None or (url.startswith(("http://", "https://")) and "#" not in url)
    if url is not None:
        assert url_clean(url, base=BASE) == url
        assert url_shape(url)


def test_files_are_no_pages() -> None:
    assert url_is_page("https://shop.example/p/1.html")
    assert not url_is_page("https://shop.example/size-chart.PDF?v=1")


def test_pages_of_one_kind_share_a_shape() -> None:
    shape = url_shape("https://shop.example/p/air-max-90/DX4233?colour=red")
    assert shape == url_shape("https://shop.example/p/dunk-2/AB1?colour=blue")
    assert shape != url_shape("https://shop.example/help/air-max-90/DX4233?colour=red")
    assert shape != url_shape("https://shop.example/p/air-max-90/DX4233")
