"""Merging models, and taking it back: nothing is lost, whatever a crawl does in between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from catalog.exceptions import MergeError
from catalog.models import (
    Colorway,
    ColorwayColour,
    ColorwayRedirect,
    ImageSource,
    Listing,
    PriceObservation,
    Retailer,
    ShoeImage,
    ShoeModel,
    ShoeModelAlias,
    ShoeModelMerge,
)
from catalog.services import (
    colorways_refresh,
    listing_upsert,
    model_merge,
    model_merge_plan,
    model_unmerge,
    photo_known,
    photo_store,
    retailer_get_or_create,
)
from catalog.types import ListingDraft, Outcome
from tests.catalog.photos import photo_bytes
from tests.factories import (
    BrandFactory,
    ColorwayFactory,
    ImageSourceFactory,
    ListingFactory,
    ShoeImageFactory,
    ShoeModelAliasFactory,
    ShoeModelFactory,
    draft,
)

pytestmark = pytest.mark.django_db

TABLES = (
    ShoeModel, ShoeModelAlias, Colorway, ColorwayColour, ColorwayRedirect, Listing,
    PriceObservation, ShoeImage, ImageSource,
)  # fmt: skip
STAMPS = {"updated_at", "changed_at"}


def snapshot() -> dict[str, list[dict[str, Any]]]:
    """Every row of the catalog but for the stamps that an index follows."""
    return {
        table.__name__: [
            {name: value for name, value in row.items() if name not in STAMPS}
            for row in table.objects.order_by("pk").values()
        ]
        for table in TABLES
    }


@pytest.fixture
def shop() -> Retailer:
    return retailer_get_or_create(name="Shoe Shop")


def page(model: str, code: str = "", colour: str = "Black", shop: str = "a") -> ListingDraft:
    url = f"https://{shop}.example/{model}/{code or colour}".replace(" ", "-")
    return draft(url=url, model=model, mpn=code, sku="", colour=colour, title=f"Acme {model}")


def models() -> tuple[ShoeModel, ShoeModel]:
    """ "Runner 2" is to go into "Runner II"."""
    return ShoeModel.objects.get(name="Runner 2"), ShoeModel.objects.get(name="Runner II")


@pytest.fixture
def two_models(shop: Retailer) -> None:
    """One colorway of the same code, one of the same colours, one that only the source has."""
    for number, told in enumerate(
        [
            page("Runner II", "X1", "Black"),
            page("Runner II", "", "White"),
            page("Runner 2", "X1", "Core Black", shop="b"),
            page("Runner 2", "X9", "White", shop="b"),
            page("Runner 2", "X3", "Red", shop="b"),
        ]
    ):
        listing = listing_upsert(retailer=shop, draft=told).listing
        url = f"https://a.example/{number}.jpg"
        photo_store(content=photo_bytes(number + 1), url=url, listing=listing)


def test_a_plan_tells_what_would_move(two_models: None) -> None:
    source, target = models()
    before = snapshot()
    plan = model_merge_plan(source=source, target=target)
    assert [row.style_code for row in plan.moving] == ["X3"]
    assert [(a.style_code, b.style_code) for a, b in plan.uniting] == [("X1", "X1"), ("X9", "")]
    assert (plan.aliases, plan.listings, plan.photos) == (("Runner 2",), 3, 3)
    assert snapshot() == before


def test_merging_unites_what_is_the_same_and_keeps_names_and_numbers(two_models: None) -> None:
    source, target = models()
    united = Colorway.objects.get(model=source, style_code="X1")
    model_merge(source=source, target=target)
    assert Colorway.objects.filter(model=source).count() == 0
    assert Colorway.objects.filter(model=target).count() == 3
    assert (Listing.objects.filter(colorway__model=target).count(), ShoeImage.objects.count()) == (
        5,
        5,
    )
    assert ColorwayRedirect.objects.get(old_id=united.pk).colorway.style_code == "X1"
    assert target.aliases.get().name == "Runner 2"
    source.refresh_from_db()
    assert source.merged_into == target


def test_unmerging_is_the_exact_inverse(two_models: None) -> None:
    source, target = models()
    ShoeModelAlias.objects.create(brand=source.brand, model=source, name="R2")
    before = snapshot()
    merge = model_merge(source=source, target=target)
    assert snapshot() != before
    model_unmerge(merge=merge)
    assert snapshot() == before
    assert merge.target.merges_in.get().undone_at is not None


def test_an_index_hears_of_both(two_models: None) -> None:
    source, target = models()
    stamps = dict(Colorway.objects.values_list("pk", "updated_at"))
    merge = model_merge(source=source, target=target)
    touched = Colorway.objects.get(style_code="X3")
    assert touched.updated_at > stamps[touched.pk]
    assert ShoeImage.objects.filter(updated_at__gt=merge.merged_at).count() == 2
    model_unmerge(merge=merge)
    for row in Colorway.objects.filter(model=source):
        assert row.updated_at > merge.merged_at


def test_a_crawl_in_between_meets_the_target_and_loses_nothing(
    two_models: None, shop: Retailer
) -> None:
    source, target = models()
    merge = model_merge(source=source, target=target)
    # The pages of before say what they said; two are new under the old name, one under the new.
    again = listing_upsert(retailer=shop, draft=page("Runner 2", "X1", "Core Black", shop="b"))
    assert again.outcome is Outcome.UNCHANGED
    photo_store(content=photo_bytes(50), url="https://b.example/n.jpg", listing=again.listing)
    other = retailer_get_or_create(name="Other")
    for told in (
        page("Runner 2", "X1", "Black", shop="c"),
        page("Runner 2", "X7", "Green", shop="c"),
        page("Runner II", "X3", "Red", shop="c"),
        page("Runner II", "X8", "Blue", shop="c"),
    ):
        listing_upsert(retailer=other, draft=told)
    green = Listing.objects.get(url__contains="X7")
    photo_store(content=photo_bytes(51), url="https://c.example/g.jpg", listing=green)
    assert ShoeModel.objects.count() == 2, "the old name did not come up again"

    model_unmerge(merge=merge)
    found = {
        url.split("example/")[1]: (name, code)
        for url, name, code in Listing.objects.values_list(
            "url", "colorway__model__name", "colorway__style_code"
        )
        if "c.example" in url
    }
    assert found == {
        "Runner-2/X1": ("Runner 2", "X1"),
        "Runner-2/X7": ("Runner 2", "X7"),
        "Runner-II/X3": ("Runner II", "X3"),
        "Runner-II/X8": ("Runner II", "X8"),
    }
    assert Listing.objects.filter(colorway=None).count() == 0
    assert (Listing.objects.count(), ShoeImage.objects.count()) == (9, 7)
    late = ShoeImage.objects.get(sources__url="https://b.example/n.jpg")
    assert late.colorway.model == source  # type: ignore[union-attr]
    assert ShoeImage.objects.get(sources__url="https://c.example/g.jpg").colorway == (
        Colorway.objects.get(style_code="X7")
    )
    # From here on both are two again.
    assert (
        listing_upsert(retailer=shop, draft=page("Runner 2", "X1", "Core Black", shop="b")).outcome
        is Outcome.UNCHANGED
    )
    assert photo_known(url="https://b.example/n.jpg", listing=again.listing) == late


def test_merges_on_top_of_each_other_are_undone_in_turn(two_models: None) -> None:
    source, target = models()
    last = ShoeModelFactory(brand=target.brand, name="Runner")
    ColorwayFactory(model=last, style_code="X3", name="Red")
    before = snapshot()
    first = model_merge(source=source, target=target)
    second = model_merge(source=target, target=last)
    source.refresh_from_db()
    assert source.merged_into == last, "one step leads to the end"
    assert set(last.aliases.values_list("name", flat=True)) == {"Runner 2", "Runner II"}
    with pytest.raises(MergeError, match="first"):
        model_unmerge(merge=first)
    model_unmerge(merge=second)
    source.refresh_from_db()
    assert source.merged_into == target
    model_unmerge(merge=first)
    assert snapshot() == before


def test_a_merge_that_another_one_stands_on_waits(two_models: None) -> None:
    source, target = models()
    third = ShoeModelFactory(brand=target.brand, name="Runner Two")
    ColorwayFactory(model=third, style_code="X3", name="Red")
    before = snapshot()
    first = model_merge(source=source, target=target)
    second = model_merge(source=third, target=target)
    with pytest.raises(MergeError, match="Runner Two was merged afterwards"):
        model_unmerge(merge=first)
    model_unmerge(merge=second)
    model_unmerge(merge=first)
    assert snapshot() == before


def test_models_of_two_brands(shop: Retailer) -> None:
    own = listing_upsert(retailer=shop, draft=page("Air One", "J1")).listing.colorway
    listing_upsert(retailer=shop, draft=draft(brand="Jordan", model="One", mpn="J2"))
    assert own is not None
    target = ShoeModel.objects.get(name="One")
    merge = model_merge(source=own.model, target=target)
    own.refresh_from_db()
    assert own.brand.name == "Jordan"
    again = draft(url="https://new.example/", model="Air One", mpn="J5")
    found = listing_upsert(retailer=shop, draft=again).listing.colorway
    assert found is not None
    assert found.model == target
    model_unmerge(merge=merge)
    own.refresh_from_db()
    found.refresh_from_db()
    assert {own.brand.name, found.brand.name} == {"Acme"}


def test_what_cannot_be_merged(two_models: None) -> None:
    source, target = models()
    with pytest.raises(MergeError, match="itself"):
        model_merge(source=source, target=source)
    merge = model_merge(source=source, target=target)
    source.refresh_from_db()
    with pytest.raises(MergeError, match="already"):
        model_merge(source=source, target=ShoeModelFactory())
    with pytest.raises(MergeError, match="already"):
        model_merge(source=ShoeModelFactory(), target=source)
    model_unmerge(merge=merge)
    with pytest.raises(MergeError, match="already"):
        model_unmerge(merge=merge)
    gone = ShoeModelFactory()
    ShoeModel.objects.filter(pk=gone.pk).delete()
    with pytest.raises(MergeError, match="gone"):
        model_merge(source=gone, target=target)
    assert ShoeModelMerge.objects.count() == 1


codes = st.sampled_from(["", "A", "B", "C"])
names = st.sampled_from(["Black", "White", "Red / White"])
colorways = st.lists(
    st.tuples(codes, names, st.integers(0, 2), st.integers(0, 2)),
    max_size=4,
    unique_by=(lambda row: row[0] or row[1], lambda row: (row[0] == "", row[1], row[0])),
)


class AnyTwoModels(TestCase):
    """Merge and unmerge is the identity for whatever two models hold."""

    @hypothesis_settings(
        max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(colorways, colorways, st.booleans(), st.booleans())
    def test_round_trip(self, ours: Any, theirs: Any, aliased: bool, one_brand: bool) -> None:
        source = ShoeModelFactory()
        brand = source.brand if one_brand else BrandFactory()
        target = ShoeModelFactory(brand=brand)
        seed = 0
        for model, rows in ((source, ours), (target, theirs)):
            for code, name, listings, photos in rows:
                row = ColorwayFactory(model=model, style_code=code, name=name)
                pages = [ListingFactory(colorway=row) for _ in range(listings)]
                for number in range(photos):
                    seed += 1
                    image = ShoeImageFactory(colorway=row, seed=seed, with_file=False)
                    if number < len(pages):
                        ImageSourceFactory(image=image, listing=pages[number])
                colorways_refresh([row.pk])
        if aliased:
            ShoeModelAliasFactory(model=source, brand=source.brand, name=target.name)
        before = snapshot()
        merge = model_merge(source=source, target=target)
        assert not source.colorways.exists()
        assert Listing.objects.count() == len(before["Listing"])
        assert ShoeImage.objects.exclude(colorway=None).count() == len(before["ShoeImage"])
        model_unmerge(merge=merge)
        assert snapshot() == before
