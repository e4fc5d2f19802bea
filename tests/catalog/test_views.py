"""The catalog's pages, as a visitor without JavaScript and as htmx asks for them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from catalog.models import Colorway, ColorwayRedirect, PriceObservation, ShoeModelMerge
from catalog.selectors import Sort, colorways_list
from catalog.services import colorways_refresh, model_merge
from tests.factories import (
    BrandAliasFactory,
    BrandFactory,
    ColorwayFactory,
    ImageSourceFactory,
    ListingFactory,
    RetailerFactory,
    ShoeImageFactory,
    ShoeModelAliasFactory,
    ShoeModelFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> None:
    cache.clear()
    # Files of pages are looked up as in development: no collectstatic before the tests.
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]


def shoe(
    brand: str = "Acme", model: str = "Runner", name: str = "Black", price: str = "50", **more: Any
) -> Colorway:
    """A colorway with a photo and a listing."""
    maker = BrandFactory.create(name=brand) if not _has(brand) else _get(brand)
    shape = maker.models.filter(name=model).first() or ShoeModelFactory.create(
        brand=maker, name=model, **more
    )
    row = ColorwayFactory.create(model=shape, name=name)
    listing = ListingFactory.create(colorway=row, price=Decimal(price))
    image = ShoeImageFactory.create(colorway=row, with_file=False)
    ImageSourceFactory.create(image=image, listing=listing)
    colorways_refresh([row.pk])
    row.refresh_from_db()
    return row


def _has(brand: str) -> bool:
    return BrandFactory._meta.model.objects.filter(name=brand).exists()


def _get(brand: str) -> Any:
    return BrandFactory._meta.model.objects.get(name=brand)


def get(client: Client, address: str, **headers: str) -> tuple[int, str]:
    response = client.get(address, headers=headers or None)
    return response.status_code, response.content.decode()


def test_an_empty_catalog_says_what_to_do(client: Client) -> None:
    for address, words in (("/shoes/", "The catalog is empty"), ("/brands/", "No brands yet")):
        status, page = get(client, address)
        assert (status, words in page) == (200, True)


def test_browsing_shows_cards_and_counts(client: Client) -> None:
    shoe(name="Black / White", price="49.90", height="low", category="running", gender="men")
    status, page = get(client, "/shoes/")
    assert status == 200
    for words in ("1 shoe", "Runner", "Acme · Black / White", "49.90 USD", "at Shop", "Running"):
        assert words in page, words
    assert "style=" not in page, "the content security policy forbids inline style"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"a", "b", "c"}),
        ("brand=acme", {"a", "b"}),
        ("brand=acme&brand=bolt", {"a", "b", "c"}),
        ("model=acme/walker", {"b"}),
        ("colour=red", {"a"}),
        ("colour=red&colour=green", {"a", "b"}),
        ("colour=white", {"a", "b", "c"}),
        ("brand=acme&colour=white&height=high", {"b"}),
        ("category=boot", {"b"}),
        ("gender=women", {"c"}),
        ("price_min=20&price_max=30", {"b", "c"}),
        ("price_max=10", {"a"}),
        ("shop=corner", {"c"}),
        ("available=1", {"a", "b"}),
        ("brand=nobody", set()),
        ("shop=nobody", set()),
        ("model=acme/nothing", set()),
    ],
)
def test_filters_combine(query: str, found: set[str]) -> None:
    from django.http import QueryDict

    from catalog.filters import CatalogFilter

    rows = {
        shoe("Acme", "Runner", "Red / White", "10", height="low").pk: "a",
        shoe("Acme", "Walker", "Green / White", "20", height="high", category="boot").pk: "b",
        shoe("Bolt", "Strider", "White / White", "30", gender="women").pk: "c",
    }
    third = next(number for number, letter in rows.items() if letter == "c")
    Colorway.objects.get(pk=third).listings.update(
        retailer=RetailerFactory.create(name="Corner"), availability="out-of-stock"
    )
    colorways_refresh([third])
    page = colorways_list(filters=CatalogFilter.from_query(QueryDict(query)))
    assert {rows[card.id] for card in page.cards} == found
    assert page.total == len(found)


def test_a_facets_own_choice_does_not_narrow_its_counts(client: Client) -> None:
    shoe("Acme", "Runner", "Red")
    shoe("Acme", "Runner", "Black")
    shoe("Bolt", "Strider", "Black")
    _, page = get(client, "/shoes/?brand=acme")
    text = " ".join(page.split())
    assert 'value="bolt" form="browse-form">' in text, "another brand can still be added"
    assert 'value="acme" form="browse-form" checked' in text
    assert 'aria-label="Chosen filters"' in page


def test_order(client: Client) -> None:
    first = shoe(model="B", price="30")
    second = shoe(model="A", price="10")
    third = shoe(model="C", price="20")
    unpriced = ColorwayFactory.create(model=ShoeModelFactory.create(brand=first.brand, name="D"))
    from catalog.filters import CatalogFilter

    def ids(sort: Sort) -> list[int]:
        page = colorways_list(filters=CatalogFilter(), sort=sort)
        return [card.id for card in page.cards]

    a, b, c, d = second.pk, first.pk, third.pk, unpriced.pk
    assert ids(Sort.NEWEST) == [d, c, a, b]
    assert ids(Sort.PRICE_UP) == [a, c, b, d]
    assert ids(Sort.PRICE_DOWN) == [b, c, a, d]
    assert ids(Sort.NAME) == [a, b, c, d]
    assert get(client, "/shoes/?sort=-price")[0] == 200


def test_page_two_does_not_shift_while_a_crawl_adds(client: Client) -> None:
    model = ShoeModelFactory.create()
    rows = [ColorwayFactory.create(model=model).pk for _ in range(50)]
    _, first = get(client, "/shoes/")
    assert "page=2&amp;upto=" in first
    ColorwayFactory.create_batch(30, model=model)
    _, second = get(client, f"/shoes/?page=2&upto={max(rows)}")
    shown = [number for number in rows if f'href="/shoes/{number}/"' in second]
    assert shown == sorted(rows)[2:26]
    assert "50 shoes" in second


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("colour=puce", 400),
        ("sort=random", 400),
        ("page=x", 400),
        ("page=-1", 400),
        ("page=0", 400),
        ("page=²", 400),
        ("page=2", 404),
        ("page=99999999999999999999999", 400),
        ("page=9223372036854775807", 404),
        ("upto=nan", 400),
        ("price_min=9&price_max=1", 400),
        ("brand=%00", 400),
        ("brand=" + "a" * 5000, 400),
        ("&".join(f"colour=red{n}" for n in range(60)), 400),
    ],
)
def test_forged_addresses_get_a_message_and_a_way_out(
    client: Client, query: str, status: int
) -> None:
    shoe()
    found, page = get(client, f"/shoes/?{query}")
    assert found == status
    assert 'role="alert"' in page
    assert "Show all shoes" in page


def test_a_filter_that_nothing_passes_offers_the_way_back(client: Client) -> None:
    shoe()
    status, page = get(client, "/shoes/?brand=nobody&available=1")
    assert (status, "No shoe passes all of these filters" in page) == (200, True)


def test_htmx_gets_the_part_and_a_clean_address(client: Client) -> None:
    shoe()
    response = client.get(
        "/shoes/?brand=acme&price_min=&price_max=&sort=",
        headers={"HX-Request": "true", "HX-Target": "browse"},
    )
    assert response.headers["HX-Push-Url"] == "/shoes/?brand=acme"
    assert "<html" not in response.content.decode()
    refused = client.get(
        "/shoes/?price_min=x", headers={"HX-Request": "true", "HX-Target": "browse"}
    )
    assert (refused.status_code, refused.headers["X-Told"]) == (400, "1")


def test_brands_and_models(client: Client) -> None:
    row = shoe("New Balance", "990")
    BrandAliasFactory.create(brand=row.brand, name="NB")
    ShoeModelAliasFactory.create(model=row.model, name="M990")
    ShoeModelFactory.create(brand=row.brand, name="Never seen")
    shoe("編集", "一")
    _, page = get(client, "/brands/")
    assert "New Balance" in page
    status, page = get(client, "/brands/new-balance/")
    assert (status, "Also written NB" in page, "Never seen" in page) == (200, True, False)
    assert "from 50.00 USD" in page
    status, page = get(client, "/brands/new-balance/990/")
    assert (status, "Also called M990" in page, "1 colour" in page) == (200, True, True)
    for rest in ("x/", "new-balance/x/", "new-balance/?page=9", "new-balance/990/?page=9",
                 "new-balance/990/?page=x"):  # fmt: skip
        assert get(client, f"/brands/{rest}")[0] == 404


def test_a_merged_model_leads_to_the_one_that_took_it_in(client: Client) -> None:
    old, new = shoe(model="Runner 2"), shoe(model="Runner II")
    Colorway.objects.filter(pk=old.pk).update(style_code=new.style_code)
    model_merge(source=old.model, target=new.model)
    assert client.get("/brands/acme/runner-2/").headers["Location"] == "/brands/acme/runner-ii/"
    assert client.get(f"/shoes/{old.pk}/").headers["Location"] == f"/shoes/{new.pk}/"
    assert ColorwayRedirect.objects.count() == ShoeModelMerge.objects.count() == 1


def test_a_colorway_tells_everything(client: Client) -> None:
    row = shoe(name="Black / White", height="low", category="running", material="Leather",
               description="Light.\n\nFast.")  # fmt: skip
    other = shoe(name="Red")
    listing = row.listings.get()
    now = timezone.now()
    for days, price in ((9, "70"), (5, "60"), (1, "50")):
        PriceObservation.objects.create(
            listing=listing,
            observed_at=now - timedelta(days=days),
            price=Decimal(price),
            currency="USD",
            availability="in-stock",
        )
    status, page = get(client, f"/shoes/{row.pk}/")
    assert status == 200
    image = row.images.get()
    for words in (
        "Acme Runner", "Black / White", row.style_code, "Leather", "Running", "In stock",
        "50.00 USD", "70.00 USD", "<polyline", listing.url, "Search with this shoe",
        f"/?image={image.pk}", f"/similar/{image.pk}/", "More like this", f"/shoes/{other.pk}/",
        "Other colours of this model", image.sources.get().url, "120 × 80 JPEG",
    ):  # fmt: skip
        assert words in page, words
    assert "style=" not in page


def test_a_bare_colorway_has_a_page(client: Client) -> None:
    row = ColorwayFactory.create(name="", style_code="")
    status, page = get(client, f"/shoes/{row.pk}/")
    assert status == 200
    for words in ("Colour not told", "No photo of this shoe", "No shop is known"):
        assert words in page


def test_addresses_of_nothing(client: Client) -> None:
    for address in ("/shoes/999/", "/shoes/99999999999999999999999999/"):
        assert get(client, address)[0] == 404
    assert client.post("/shoes/").status_code == 405


def test_what_a_shop_wrote_is_never_markup(client: Client) -> None:
    row = shoe("<b>Acme", "<script>alert(1)</script>", "<i>Black")
    row.listings.update(title='"><img src=x onerror=alert(1)>')
    for address in ("/shoes/", f"/shoes/{row.pk}/", "/brands/", row.model.get_absolute_url()):
        _, page = get(client, address)
        assert "<script>alert" not in page
        assert "<i>Black" not in page
        assert "<img src=x" not in page
