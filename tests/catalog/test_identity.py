"""Which brand, model and colorway a shop's page is about."""

from __future__ import annotations

import pytest

from catalog.models import (
    Brand,
    BrandAlias,
    Colorway,
    Listing,
    Retailer,
    ShoeModel,
    ShoeModelAlias,
)
from catalog.services import (
    listing_upsert,
    photo_store,
    retailer_get_or_create,
)
from catalog.types import Outcome
from tests.catalog.photos import photo_bytes
from tests.factories import draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Retailer:
    return retailer_get_or_create(name="Shoe Shop", website="https://shop.example/")


def test_aliases_and_case_lead_to_the_same_brand_and_model(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft(brand="New Balance", model="990", title="x"))
    brand = Brand.objects.get()
    BrandAlias.objects.create(brand=brand, name="NB")
    ShoeModelAlias.objects.create(brand=brand, model=ShoeModel.objects.get(), name="M990")
    for number, (name, model) in enumerate(
        [
            ("nb", "990"),
            ("NEW BALANCE", "m990"),
            ("NB", "NB 990"),
            ("New Balance", "New Balance 990"),
        ]
    ):
        url = f"https://shop.example/p/{number}"
        listing_upsert(retailer=shop, draft=draft(url=url, brand=name, model=model))
    assert (Brand.objects.count(), ShoeModel.objects.count(), Colorway.objects.count()) == (1, 1, 1)


def test_names_that_share_a_slug_stay_two(shop: Retailer) -> None:
    for number, name in enumerate(["A-B", "A B", "A_B", "編集", "編輯"]):
        url = f"https://shop.example/p/{number}"
        listing_upsert(retailer=shop, draft=draft(url=url, brand=name, model=name, title="x"))
    slugs = list(Brand.objects.values_list("slug", flat=True))
    assert len(set(slugs)) == 5
    assert ShoeModel.objects.count() == 5


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"title": "Acme Runner Low Black / White"}, ("Runner Low", "Black / White")),
        ({"title": "ACME  Runner Low - Black/White"}, ("Runner Low", "Black / White")),
        ({"title": "Acme Runner Low (Black / White)"}, ("Runner Low", "Black / White")),
        ({"title": "Runner Low Black / White - Men's"}, ("Runner Low", "Black / White")),
        ({"title": "Acme Runner - Core Black / Gum", "colour": ""}, ("Runner", "Core Black / Gum")),
        ({"title": "Acme Runner in Black/Gum", "colour": ""}, ("Runner", "Black/Gum")),
        ({"title": "Acme Runner, Navy / Gum", "colour": ""}, ("Runner", "Navy / Gum")),
        ({"title": "Acme Runner - B - Black", "colour": ""}, ("Runner - B", "Black")),
        ({"title": "Acme Runner – Glacier/White", "colour": ""}, ("Runner", "Glacier/White")),
        ({"title": "Acme Runner - Cut (Red)", "colour": ""}, ("Runner - Cut", "Red")),
        ({"title": "Runner – Acme"}, ("Runner", "Black / White")),
        ({"title": "Runner by Acme - Black / White"}, ("Runner", "Black / White")),
        ({"title": "Acme Runner - Limited", "colour": ""}, ("Runner - Limited", "")),
        ({"title": "Acme Red Wing Red", "colour": "Red"}, ("Red Wing", "Red")),
        ({"title": 'Acme SFB 6" Red', "colour": "Red"}, ('SFB 6"', "Red")),
        ({"title": "whatever", "model": "Acme Runner - Women's"}, ("Runner", "Black / White")),
        ({"title": "whatever", "model": "Acme"}, ("Acme", "Black / White")),
        ({"title": "Acme Runner Men's"}, ("Runner", "Black / White")),
        ({"title": "Acme Runner Herren - Rot", "colour": ""}, ("Runner", "Rot")),
        ({"title": "Women's Acme Runner Running Shoes"}, ("Runner", "Black / White")),
        ({"title": "Men's Acme Chelsea Boots"}, ("Chelsea Boots", "Black / White")),
        ({"title": "Baskets Acme Runner"}, ("Runner", "Black / White")),
        ({"title": "Damen"}, ("Damen", "Black / White")),
        ({"title": "Acmeville Runner Black / White"}, ("Acmeville Runner", "Black / White")),
    ],
)  # fmt: skip
def test_the_model_is_what_the_title_says_beside_brand_and_colour(
    shop: Retailer, fields: dict[str, str], expected: tuple[str, str]
) -> None:
    listing_upsert(retailer=shop, draft=draft(**({"model": ""} | fields)))
    colorway = Colorway.objects.select_related("model").get()
    assert (colorway.model.name, colorway.name) == expected


def test_two_groups_of_one_name_are_one_model_and_two_products(shop: Retailer) -> None:
    for group, code in (("g1", "X1"), ("g2", "X2")):
        url = f"https://shop.example/p/{group}"
        listing_upsert(retailer=shop, draft=draft(url=url, group_id=group, mpn=code))
    assert ShoeModel.objects.count() == 1
    assert Listing.objects.values("retailer", "group_id").distinct().count() == 2
    assert Colorway.objects.count() == 2


def test_the_sku_stands_in_for_the_style_code(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft(mpn="", sku="b 77"))
    assert Colorway.objects.get().style_code == "B77"


def test_another_shops_number_of_the_same_digits_is_another_colorway(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft(mpn="", sku="1"))
    other = retailer_get_or_create(name="Other")
    listing_upsert(retailer=other, draft=draft(mpn="", sku="1", colour="Red"))
    listing_upsert(retailer=other, draft=draft(mpn="", sku="1", colour="Red"))
    assert sorted(row.colour_key for row in Colorway.objects.all()) == ["black/white", "red"]


def test_without_a_code_the_colours_decide(shop: Retailer) -> None:
    for number, colour in enumerate(["Black / White", "black / white", "Black / Black", "Red"]):
        url = f"https://shop.example/p/{number}"
        listing_upsert(retailer=shop, draft=draft(url=url, mpn="", sku="", colour=colour))
    keys = sorted(row.colour_key for row in Colorway.objects.all())
    assert keys == ["black/black", "black/white", "red"]


def test_a_code_learned_later_does_not_double_the_colorway(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft(mpn="", sku=""))
    other = retailer_get_or_create(name="Other")
    listing_upsert(retailer=other, draft=draft())
    assert Colorway.objects.get().style_code == "AC1001"
    assert listing_upsert(retailer=shop, draft=draft(mpn="", sku="")).outcome is Outcome.UNCHANGED


def test_a_shop_that_corrects_its_colour_keeps_its_colorway(shop: Retailer) -> None:
    for code in ("", "AC9"):
        url = f"https://shop.example/p/{code}"
        listing_upsert(retailer=shop, draft=draft(url=url, mpn=code, sku="", colour="Blakc"))
        fixed = draft(url=url, mpn=code, sku="", colour="Black / Gum")
        listing_upsert(retailer=shop, draft=fixed)
        assert listing_upsert(retailer=shop, draft=fixed).outcome is Outcome.UNCHANGED
    assert [row.colour_key for row in Colorway.objects.all()] == ["black/tan"] * 2
    assert Colorway.objects.get(style_code="").colour_rows.count() == 2


def test_a_page_that_turns_to_another_shoe_takes_its_photos_along(shop: Retailer) -> None:
    listing = listing_upsert(retailer=shop, draft=draft()).listing
    stays = listing_upsert(retailer=retailer_get_or_create(name="Other"), draft=draft()).listing
    own = photo_store(content=photo_bytes(1), url="https://shop.example/1.jpg", listing=listing)
    both = photo_store(content=photo_bytes(2), url="https://shop.example/2.jpg", listing=listing)
    photo_store(content=photo_bytes(2), url="https://other.example/2.jpg", listing=stays)
    moved = listing_upsert(retailer=shop, draft=draft(model="Walker", mpn="W1")).listing
    own.image.refresh_from_db()
    both.image.refresh_from_db()
    assert own.image.colorway_id == moved.colorway_id
    assert both.image.colorway_id == stays.colorway_id
    assert Colorway.objects.get(pk=moved.colorway_id).cover == own.image
    assert Colorway.objects.get(pk=stays.colorway_id).cover == both.image


def test_a_page_of_an_unknown_brand_waits_for_it(shop: Retailer) -> None:
    page = draft(brand="", title="Acme Runner Low Black / White", model="", mpn="")
    result = listing_upsert(retailer=shop, draft=page)
    assert (result.listing.colorway, result.listing.title) == (None, page.title)
    assert listing_upsert(retailer=shop, draft=page).outcome is Outcome.UNCHANGED
    Brand.objects.create(name="Acme", slug="acme")
    result = listing_upsert(retailer=shop, draft=page)
    assert result.outcome is Outcome.UPDATED
    assert str(result.listing.colorway) == "Acme Runner Low Black / White"


def test_a_title_without_a_model_keeps_its_listing(shop: Retailer) -> None:
    page = draft(title="Acme Black / White", model="")
    assert listing_upsert(retailer=shop, draft=page).listing.colorway is None


def test_men_and_women_are_for_both(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft())
    listing_upsert(retailer=retailer_get_or_create(name="Other"), draft=draft(gender="Women"))
    assert Colorway.objects.get().gender == "unisex"


def test_what_a_model_does_not_say_is_filled_and_what_it_says_stays(shop: Retailer) -> None:
    listing_upsert(retailer=shop, draft=draft(category="", material=""))
    listing_upsert(retailer=shop, draft=draft(category="Boots", material="Leather"))
    listing_upsert(retailer=shop, draft=draft(category="Sandals", material="Mesh"))
    model = ShoeModel.objects.get()
    assert (model.category, model.material) == ("boot", "Leather")
    assert Colorway.objects.get().category == "boot"
