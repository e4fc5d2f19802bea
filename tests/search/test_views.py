"""The search page as a browser without JavaScript sees it, and the parts that htmx asks for."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Colorway, ShoeImage
from search.models import QueryPhoto
from tests.search.site import Site, jpeg, text, upload


def titles(answer: Any) -> list[str]:
    return re.findall(r'class="card-sub">(?:\w+) · (\w+)', answer.content.decode())


def test_the_start_page_asks_and_offers_shoes_to_start_from(site: Site) -> None:
    photo = ShoeImage.objects.filter(colorway__colour_key="blue").get()
    Colorway.objects.filter(pk=photo.colorway_id).update(cover=photo)
    answer = site.client.get("/")
    assert answer.status_code == 200
    assert "Find the shoe in a photo" in text(answer)
    assert "Or start from one of these Acme Runner" in text(answer)
    assert f'href="/?image={photo.pk}"' in answer.content.decode()


def test_an_empty_catalog_says_so(bare_site: Site) -> None:
    assert "The catalog is still empty" in text(bare_site.client.get("/"))


def test_words_alone(site: Site) -> None:
    answer = site.client.get("/?q=red+shoe")
    assert answer.status_code == 200
    assert titles(answer)[0] == "red"
    assert len(titles(answer)) == 5
    assert "89.50 USD" in text(answer)
    assert "at Shop" in text(answer)


def test_the_form_leads_to_the_canonical_address(site: Site) -> None:
    answer = site.client.post("/", {"q": "  red \x00 shoe ", "weight": "0.5", "brand": ["acme"]})
    assert answer.status_code == 303
    assert answer["Location"] == "/?q=red+shoe&brand=acme"


def test_a_photo_is_kept_and_found_again_by_its_address(site: Site) -> None:
    address = site.photo_sent(jpeg("red"))
    assert re.fullmatch(r"/\?photo=[\w-]+", address)
    answer = site.client.get(address)
    assert titles(answer)[0] == "red"
    assert "Your photo" in answer.content.decode()
    assert re.search(r"Named by|not in the catalog", text(answer))
    token = QueryPhoto.objects.get().token
    shown = site.client.get(f"/photo/{token}.jpg")
    assert shown["Content-Type"] == "image/jpeg"
    assert "private" in shown["Cache-Control"]


def test_photo_and_words(site: Site) -> None:
    address = site.photo_sent(jpeg("red"), q="but blue", weight="0.9")
    answer = site.client.get(address)
    assert titles(answer)[0] == "blue"
    assert 'value="0.9"' in answer.content.decode()


def test_a_new_photo_takes_the_place_of_the_one_before(site: Site) -> None:
    photo = ShoeImage.objects.first()
    assert photo is not None
    assert "image=" not in site.photo_sent(image=str(photo.pk), photo="")


def test_an_empty_form_is_told_what_to_do(site: Site) -> None:
    answer = site.client.post("/", {"q": "   "})
    assert answer.status_code == 400
    assert "Choose a photo, or describe" in text(answer)


def test_search_with_this_one(site: Site) -> None:
    page = site.client.get("/?q=red&brand=acme").content.decode()
    link = unescape(re.findall(r'href="(/\?image=\d+[^"]*)"', page)[0])
    assert link.endswith("&brand=acme")
    answer = site.client.get(link)
    assert "Shoes like" in text(answer)
    assert "The photo searched with" in answer.content.decode()


def test_other_photos_of_a_result_are_one_click_away(site: Site) -> None:
    assert "2 more photos" in text(site.client.get("/?q=red"))


@pytest.mark.parametrize(
    ("filters", "count"),
    [("brand=acme", 4), ("brand=borea", 1), ("colour=red&colour=blue", 2), ("height=high", 1),
     ("price_max=89.5", 2), ("available=1", 4), ("brand=unknown", 0)],
)  # fmt: skip
def test_filters_narrow_the_search(site: Site, filters: str, count: int) -> None:
    answer = site.client.get(f"/?q=shoe&{filters}")
    assert answer.status_code == 200
    assert len(titles(answer)) == count


def test_a_chosen_filter_can_be_dropped(site: Site) -> None:
    page = site.client.get("/?q=shoe&brand=acme&colour=red&price_min=10").content.decode()
    links = [unescape(link) for link in re.findall(r'<a class="chip[^"]*" href="([^"]+)"', page)]
    assert links == [
        "/?q=shoe&colour=red&price_min=10",
        "/?q=shoe&brand=acme&price_min=10",
        "/?q=shoe&brand=acme&colour=red",
        "/?q=shoe",
    ]


def test_chips_are_named_as_people_would(site: Site) -> None:
    page = site.client.get("/?q=red&price_min=10&price_max=99.5&available=1&brand=no-such-brand")
    shown = text(page)
    for label in ("from 10 USD", "up to 99.5 USD", "In stock", "no-such-brand"):
        assert f"Drop the filter {label}" in shown


def test_a_form_with_a_forged_part_is_told(site: Site) -> None:
    answer = site.client.post("/", {"q": "red", "colour": "ultraviolet"})
    assert answer.status_code == 400
    assert "ultraviolet" in text(answer)
    assert 'value="red"' in answer.content.decode()


def test_no_result_with_filters_offers_to_search_without(site: Site) -> None:
    page = site.client.get("/?q=red&price_min=9000")
    assert "Search without filters" in text(page)
    assert 'href="/?q=red"' in page.content.decode()


def test_filters_without_a_question_lead_to_the_catalog(site: Site) -> None:
    page = site.client.get("/?brand=acme")
    assert page.status_code == 200
    assert "/shoes/?brand=acme" in page.content.decode()


@pytest.fixture
def long_site(bare_site: Site) -> Site:
    for _ in range(30):
        bare_site.shelf.colorway("red")
    bare_site.shelf.publish()
    return bare_site


def test_pages_without_javascript(long_site: Site) -> None:
    first = long_site.client.get("/?q=red")
    assert len(titles(first)) == 24
    assert 'href="/?q=red&amp;page=2"' in first.content.decode()
    second = long_site.client.get("/?q=red&page=2")
    assert len(titles(second)) == 6
    assert 'href="/?q=red"' in second.content.decode()
    beyond = long_site.client.get("/?q=red&page=3")
    assert "results end before this page" in text(beyond)


def test_htmx_gets_more_cards_for_the_end_of_the_list(long_site: Site) -> None:
    part = long_site.client.get("/?q=red&page=2", headers=long_site.htmx | {"HX-Target": "more"})
    assert part.content.decode().lstrip().startswith("<li>")
    assert len(titles(part)) == 6
    assert "HX-Push-Url" not in part


def test_htmx_gets_the_inside_with_title_summary_and_address(site: Site) -> None:
    part = site.client.get("/?q=red", headers=site.htmx | {"HX-Target": "search"})
    body = part.content.decode()
    assert "<html" not in body
    assert "<title>red – shoefinder" in body
    assert '<div hx-swap-oob="innerHTML:#status">5 shoes found.' in body
    assert part["HX-Push-Url"] == "/?q=red"
    assert "HX-Request" in part["Vary"]
    full = site.client.get("/?q=red", headers=site.htmx | {"HX-History-Restore-Request": "true"})
    assert "<html" in full.content.decode()


def test_an_expired_photo_is_gone_and_the_rest_is_kept(site: Site) -> None:
    address = site.photo_sent(q="blue", brand="acme")
    QueryPhoto.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = site.client.get(address)
    assert answer.status_code == 410
    assert "no longer kept" in text(answer)
    assert 'href="/?q=blue&amp;brand=acme"' in answer.content.decode()
    assert 'value="blue"' in answer.content.decode()
    part = site.client.get(address, headers=site.htmx)
    assert (part.status_code, part["X-Told"]) == (410, "1")
    assert "HX-Push-Url" not in part
    token = QueryPhoto.objects.get().token
    assert site.client.get(f"/photo/{token}.jpg").status_code == 410


def test_a_photo_whose_file_is_gone_has_expired(site: Site) -> None:
    address = site.photo_sent()
    kept = QueryPhoto.objects.get()
    kept.file.storage.delete(kept.file.name)
    assert site.client.get(address).status_code == 410
    assert site.client.get(f"/photo/{kept.token}.jpg").status_code == 410


def test_without_an_index_the_page_says_when_to_come_back(bare_site: Site) -> None:
    bare_site.shelf.colorway("red")
    answer = bare_site.client.get("/?q=red")
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert "not ready yet" in text(answer)


def test_what_only_the_operator_can_mend_is_not_blamed_on_the_visitor(
    site: Site, settings: Any
) -> None:
    settings.SHOEFINDER_ENCODER = "nowhere"
    answer = site.client.get("/?q=red")
    assert answer.status_code == 503
    assert "out of order" in text(answer)
    assert "nowhere" not in text(answer)


@pytest.mark.parametrize(
    "params",
    ["brand=%21%21", "colour=ultraviolet", "page=0", "page=99999", "page=x", "weight=2",
     "weight=nan", "price_min=abc", "price_min=9&price_max=1", "image=0", "image=99999999999999999",
     "image=1&photo=abc", "photo=../../etc/passwd", "photo=%00", "available=maybe",
     "q=" + "long " * 2000],
)  # fmt: skip
def test_forged_parts_are_told_and_the_words_are_kept(site: Site, params: str) -> None:
    separator = "&" if params.startswith("q=") else "&q=red&"
    answer = site.client.get(f"/?{separator}{params}")
    assert answer.status_code in {400, 410}
    assert answer["X-Told"] == "1"
    assert 'role="alert"' in answer.content.decode()
    assert 'name="q" value="' in answer.content.decode()


def test_control_characters_are_no_words(site: Site) -> None:
    answer = site.client.get("/?q=%00%01red%E2%80%8Bshoe%0A")
    assert answer.status_code == 200
    assert 'value="red shoe"' in answer.content.decode()


def test_words_cannot_become_markup(site: Site) -> None:
    page = site.client.get("/?q=%3Cscript%3Ealert(1)%3C/script%3E").content.decode()
    assert "<script>alert" not in page


def test_a_form_from_elsewhere_is_refused_kindly(site: Site) -> None:
    answer = Client(enforce_csrf_checks=True).post("/", {"q": "red"})
    assert answer.status_code == 403
    assert "Please send it again" in text(answer)


def test_too_many_photos(site: Site, settings: Any) -> None:
    settings.SHOEFINDER_UPLOAD_RATE = "2/d"
    client = Client(REMOTE_ADDR="192.0.2.77")
    codes = [client.post("/", {"file": upload(jpeg())}).status_code for _ in range(3)]
    assert codes == [303, 303, 429]


def test_the_number_of_queries_does_not_grow_with_results(bare_site: Site) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert bare_site.client.get("/?q=red").status_code == 200
        return len(queries)

    for _ in range(3):
        bare_site.shelf.colorway("red", photos=2)
    bare_site.shelf.publish()
    count()
    few = count()
    for _ in range(9):
        bare_site.shelf.colorway("blue", photos=3, brand="Borea", model="Trail")
    bare_site.shelf.publish()
    count()  # evidence of what was published is read once
    assert count() == few


class TestSimilar:
    def test_a_strip_for_the_page_of_a_colorway(self, site: Site) -> None:
        photo = ShoeImage.objects.filter(colorway__colour_key="red").first()
        assert photo is not None
        part = site.client.get(f"/similar/{photo.pk}/", headers=site.htmx)
        assert part.status_code == 200
        assert "red" not in titles(part)
        assert len(titles(part)) == 4

    def test_without_htmx_it_is_a_search(self, site: Site) -> None:
        photo = ShoeImage.objects.first()
        assert photo is not None
        answer = site.client.get(f"/similar/{photo.pk}/")
        assert answer.status_code == 302
        assert answer["Location"] == f"/?image={photo.pk}"

    def test_no_such_photo(self, site: Site) -> None:
        assert site.client.get("/similar/99999/", headers=site.htmx).status_code == 404

    def test_without_an_index_it_says_so(self, bare_site: Site) -> None:
        bare_site.shelf.colorway("red")
        photo = ShoeImage.objects.get()
        part = bare_site.client.get(f"/similar/{photo.pk}/", headers=bare_site.htmx)
        assert part.status_code == 503
        assert "being prepared" in text(part)


def test_every_page_is_strict_about_scripts_and_styles(site: Site) -> None:
    for address in ("/", "/?q=red", "/?q=red&page=0", "/nowhere"):
        answer = site.client.get(address)
        policy = answer["Content-Security-Policy"]
        assert "unsafe" not in policy
        body = answer.content.decode()
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", body)
