"""The catalog in the admin: lists without N+1, corrections through services, merge and import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from catalog.models import (
    Brand,
    Colorway,
    ShoeImage,
    ShoeModel,
    ShoeModelMerge,
)
from catalog.services import image_reject, model_merge
from tests.catalog.test_views import shoe
from tests.factories import ColorwayFactory, ListingFactory, ShoeModelFactory

pytestmark = pytest.mark.django_db

MODELS = ("brand", "shoemodel", "shoemodelmerge", "colorway", "retailer", "listing", "shoeimage")


@pytest.fixture(autouse=True)
def _plain(settings: Any, tmp_path: Path) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def boss(admin_client: Client) -> Client:
    return admin_client


def changelist(name: str, query: str = "") -> str:
    return reverse(f"admin:catalog_{name}_changelist") + query


def some(count: int) -> None:
    for _ in range(count):
        row = shoe(f"Brand {Brand.objects.count()}", "Runner", "Black")
        other = ShoeModelFactory.create(brand=row.brand, name="Runner 2")
        ColorwayFactory.create(model=other)
        model_merge(source=other, target=row.model)


@pytest.mark.parametrize("name", MODELS)
def test_twice_the_rows_are_as_many_queries(boss: Client, name: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert boss.get(changelist(name)).status_code == 200
        return len(captured)

    some(2)
    queries()
    before = queries()
    some(3)
    assert queries() == before


@pytest.mark.parametrize("name", MODELS)
def test_every_row_has_a_page_and_can_be_searched(boss: Client, name: str) -> None:
    some(1)
    model = {m._meta.model_name: m for m in _models()}[name]
    for row in model.objects.all():
        page = boss.get(reverse(f"admin:catalog_{name}_change", args=[row.pk]))
        assert page.status_code == 200
        html = page.content.decode()
        assert 'style="' not in html, "the content security policy forbids inline style"
        assert "onclick" not in html
    assert boss.get(changelist(name, "?q=runner")).status_code == 200


def _models() -> list[Any]:
    from django.apps import apps

    return list(apps.get_app_config("catalog").get_models())


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("shoemodel", "?merged=yes"),
        ("listing", "?known=no"),
        ("listing", "?known=yes&vanished_at__isempty=1"),
        ("shoeimage", "?status__exact=rejected"),
        ("colorway", "?is_available__exact=1&category__exact=boot"),
    ],
)
def test_lists_can_be_narrowed(boss: Client, name: str, query: str) -> None:
    some(1)
    assert boss.get(changelist(name, query)).status_code == 200


def test_merge_is_chosen_shown_confirmed_and_undone(boss: Client) -> None:
    old, new = shoe(model="Runner 2", name="Red"), shoe(model="Runner II", name="Black")
    chosen = {"action": "merge", "_selected_action": [old.model_id, new.model_id]}
    page = boss.post(changelist("shoemodel"), chosen)
    assert page.headers["Location"].endswith(f"?ids={old.model_id},{new.model_id}")
    page = boss.get(page.headers["Location"])
    assert "The model that stays" in page.content.decode()
    told = {"ids": f"{old.model_id},{new.model_id}", "target": new.model_id}
    address = reverse("admin:catalog_shoemodel_merge")
    shown = boss.get(address, told).content.decode()
    assert "1 colorway move" in shown
    assert "Runner 2 will mean Acme Runner II" in shown
    assert not ShoeModelMerge.objects.exists(), "looking merges nothing"
    boss.post(address, told)
    old.refresh_from_db()
    assert old.model == new.model
    merge = ShoeModelMerge.objects.get()
    assert merge.merged_by == User.objects.get()

    undo = reverse("admin:catalog_shoemodelmerge_undo", args=[merge.pk])
    assert "stands by itself again" in boss.get(undo).content.decode()
    boss.post(undo)
    old.refresh_from_db()
    assert old.model.name == "Runner 2"
    again = boss.post(undo, follow=True)
    assert "undone already" in again.content.decode()


def test_one_model_is_merged_into_any_other(boss: Client) -> None:
    old, new = shoe(model="Runner 2"), shoe(brand="Bolt", model="Other")
    address = reverse("admin:catalog_shoemodel_merge")
    assert "The model to merge into" in boss.get(address, {"ids": old.model_id}).content.decode()
    itself = boss.get(address, {"ids": old.model_id, "target": old.model_id})
    assert "Choose a model" in itself.content.decode()
    boss.post(address, {"ids": old.model_id, "target": new.model_id})
    assert ShoeModel.objects.get(pk=old.model_id).merged_into == new.model
    for ids in ("", "x", "999999", "9" * 30):
        assert boss.get(address, {"ids": ids}).status_code == 404
    assert boss.get(reverse("admin:catalog_shoemodelmerge_undo", args=[999])).status_code == 404


def test_merging_needs_the_right_to_change(client: Client) -> None:
    row = shoe()
    user = User.objects.create_user("clerk", is_staff=True)
    client.force_login(user)
    for address in (
        reverse("admin:catalog_shoemodel_merge") + f"?ids={row.model_id}",
        reverse("admin:catalog_shoemodelmerge_undo", args=[1]),
    ):
        assert client.get(address).status_code == 403


def test_photos_are_rejected_and_taken_back(boss: Client) -> None:
    image = shoe().images.get()
    boss.post(changelist("shoeimage"), {"action": "reject", "_selected_action": [image.pk]})
    image.refresh_from_db()
    assert (image.status, image.rejection) == ("rejected", "by admin")
    assert image.colorway.cover is None  # type: ignore[union-attr]
    boss.post(changelist("shoeimage"), {"action": "restore", "_selected_action": [image.pk]})
    image.refresh_from_db()
    assert (image.status, image.colorway.cover) == ("accepted", image)  # type: ignore[union-attr]


def test_deleting_a_photo_deletes_its_file(
    boss: Client, django_capture_on_commit_callbacks: Any
) -> None:
    from catalog.services import photo_store
    from tests.catalog.photos import photo_bytes

    row = ColorwayFactory.create()
    paths = []
    for seed in (1, 2):
        image = photo_store(content=photo_bytes(seed), url=f"file:{seed}", colorway=row).image
        paths.append(Path(image.file.path))
    first, second = ShoeImage.objects.order_by("pk")
    with django_capture_on_commit_callbacks(execute=True):
        boss.post(reverse("admin:catalog_shoeimage_delete", args=[first.pk]), {"post": "yes"})
        chosen = {"action": "delete_selected", "_selected_action": [second.pk], "post": "yes"}
        boss.post(changelist("shoeimage"), chosen)
    assert not ShoeImage.objects.exists()
    assert not any(path.exists() for path in paths)


def form_of(kind: str, **fields: Any) -> dict[str, Any]:
    """The fields of a change form, its inlines untouched."""
    inlines = {
        "brand": ["aliases"],
        "shoemodel": ["aliases"],
        "colorway": ["images", "listings"],
        "listing": ["price_history"],
        "shoeimage": ["check_row", "sources"],
    }[kind]
    management = {
        f"{prefix}-{key}": 0 for prefix in inlines for key in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    return management | fields


def post(boss: Client, kind: str, row: Any, **fields: Any) -> Any:
    address = (
        reverse(f"admin:catalog_{kind}_change", args=[row.pk])
        if row
        else reverse(f"admin:catalog_{kind}_add")
    )
    return boss.post(address, form_of(kind, **fields))


def test_a_renamed_brand_and_a_corrected_model_reach_their_colorways(boss: Client) -> None:
    row = shoe()
    assert post(boss, "brand", row.brand, name="Zeta", slug="zeta").status_code == 302
    row.refresh_from_db()
    assert row.sort_name.startswith("zeta runner")
    told = {"brand": row.brand_id, "name": "Strider", "slug": "strider", "height": "high",
            "aliases-TOTAL_FORMS": 1, "aliases-0-name": "S1"}  # fmt: skip
    assert post(boss, "shoemodel", row.model, **told).status_code == 302
    row.refresh_from_db()
    assert (row.height, row.sort_name) == ("high", "zeta strider black")
    assert row.model.aliases.get().brand == row.brand
    other = ShoeModelFactory.create(brand=row.brand, name="Other")
    told = {"brand": row.brand_id, "name": "Other", "slug": "other",
            "aliases-TOTAL_FORMS": 1, "aliases-0-name": "s1"}  # fmt: skip
    assert "means another model" in post(boss, "shoemodel", other, **told).content.decode()


def test_a_colorway_is_added_and_corrected(boss: Client) -> None:
    model = ShoeModelFactory.create()
    told = {"model": model.pk, "name": "Black / Gum", "style_code": "ab 1"}
    assert post(boss, "colorway", None, **told).status_code == 302
    row = Colorway.objects.get()
    assert (row.style_code, row.colours, row.brand) == ("AB1", ("black", "tan"), model.brand)
    post(boss, "colorway", row, model=model.pk, name="Red", style_code="AB1")
    row.refresh_from_db()
    assert [colour.colour for colour in row.colour_rows.all()] == ["red"]
    again = post(boss, "colorway", None, model=model.pk, name="x", style_code="ab1")
    assert "has this code" in again.content.decode()
    post(boss, "colorway", None, model=model.pk, name="Blue", style_code="")
    again = post(boss, "colorway", None, model=model.pk, name="Blue", style_code="")
    assert "has these colours" in again.content.decode()
    assert "required" in post(boss, "colorway", None, name="x").content.decode()


def test_a_listing_is_given_to_another_colorway(boss: Client) -> None:
    row, other = shoe(name="Black"), ColorwayFactory.create()
    listing, image = row.listings.get(), row.images.get()
    assert post(boss, "listing", listing, colorway=other.pk).status_code == 302
    for changed in (row, other, image):
        changed.refresh_from_db()
    assert (row.price, other.price, image.colorway) == (None, listing.price, other)
    assert (row.cover, other.cover) == (None, image)


def test_a_photo_is_given_to_another_colorway(boss: Client) -> None:
    image, other = shoe().images.get(), ColorwayFactory.create()
    assert post(boss, "shoeimage", image, colorway=other.pk, view="sole").status_code == 302
    other.refresh_from_db()
    assert other.cover == image


def test_import_shows_what_would_happen_and_then_does_it(boss: Client) -> None:
    address = reverse("admin:catalog_brand_import")
    assert boss.get(address).status_code == 200
    upload = SimpleUploadedFile("b.csv", b"name,aliases\nNew Balance,NB\n", "text/csv")
    page = boss.post(address, {"import_file": upload, "format": "0"})
    assert "Confirm import" in page.content.decode()
    assert 'style="' not in page.content.decode()
    assert not Brand.objects.exists()
    boss.post(
        reverse("admin:catalog_brand_process_import"),
        {
            name: page.context["confirm_form"].initial[name]
            for name in ("import_file_name", "original_file_name", "format", "resource")
        },
    )
    assert Brand.objects.get().aliases.get().name == "NB"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name\n\n\x00bad\nGood\n", "NUL"),
        ("name\nÄ".encode("latin-1"), "not UTF-8 (line 2)"),
        (b"wrong\nx\n", "“name” is missing."),
    ],
)
def test_import_tells_what_is_wrong(boss: Client, content: bytes, words: str) -> None:
    upload = SimpleUploadedFile("b.csv", content, "text/csv")
    page = boss.post(reverse("admin:catalog_brand_import"), {"import_file": upload, "format": "0"})
    assert words in page.content.decode()
    assert not Brand.objects.exists()


def test_export(boss: Client) -> None:
    ListingFactory.create()
    for name in ("brand", "shoemodel", "colorway"):
        address = reverse(f"admin:catalog_{name}_export")
        assert boss.get(address).status_code == 200
    told = {"format": "0", "brandresource_name": True, "brandresource_aliases": True}
    page = boss.post(reverse("admin:catalog_brand_export"), told)
    assert page.headers["Content-Type"].startswith("text/csv")
    assert page.content.decode().startswith("name,aliases")


def test_a_rejected_photo_is_shown_from_its_file(boss: Client) -> None:
    image = shoe().images.get()
    image_reject(image=image, reason="x")
    assert image.file.url in boss.get(changelist("shoeimage")).content.decode()
