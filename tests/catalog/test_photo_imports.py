"""Folders of labelled photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from catalog.models import Brand, Colorway, ShoeImage, ShoeModel
from catalog.services.photo_imports import folder_label, photos_import
from tests.catalog.photos import encoded, photo_bytes, picture
from tests.factories import BrandAliasFactory, BrandFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two models, a broken photo, an empty one, a note, a lying suffix."""
    photos = tmp_path / "photos"
    for number, name in enumerate(
        ("adidas_stan_smith/1.jpg", "adidas_stan_smith/deep/2.jpg", "new_balance_990/1.jpg")
    ):
        path = photos / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo_bytes(number + 1))
    (photos / "adidas_stan_smith" / "heic.jpg").write_bytes(encoded(picture(seed=9), "HEIF"))
    (photos / "adidas_stan_smith" / "broken.jpg").write_bytes(photo_bytes(5)[:300])
    (photos / "adidas_stan_smith" / "empty.jpg").write_bytes(b"")
    (photos / "adidas_stan_smith" / ".hidden").write_bytes(b"x")
    (photos / "acme").mkdir()
    (photos / "acme" / "1.jpg").write_bytes(photo_bytes(7))
    (photos / "notes.txt").write_text("about")
    return photos


def test_folders_name_brand_and_model(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = photos_import(
        folder=folder, labels="folder", progress=lambda done, total: seen.append((done, total))
    )
    assert report.created == 4
    assert {row.what: row.reason.split(".")[0] for row in report.rejected} == {
        "acme/1.jpg": "The folder acme names no model after the brand",
        "adidas_stan_smith/broken.jpg": "The photo is damaged or was cut short",
        "adidas_stan_smith/empty.jpg": "The file is empty",
    }
    assert seen[-1] == (7, 7)
    assert {str(model) for model in ShoeModel.objects.all()} == {
        "Adidas Stan Smith",
        "New Balance 990",
    }
    image = ShoeImage.objects.get(sources__url="file:photos/adidas_stan_smith/deep/2.jpg")
    assert str(image.colorway) == "Adidas Stan Smith"
    assert image.colorway.cover is not None  # type: ignore[union-attr]


def test_twice_is_as_once(folder: Path) -> None:
    photos_import(folder=folder, labels="folder")
    again = photos_import(folder=folder, labels="folder")
    assert (again.created, again.updated, again.unchanged, len(again.rejected)) == (0, 0, 4, 3)
    assert (ShoeImage.objects.count(), Colorway.objects.count()) == (4, 2)


def test_a_dry_run_says_the_same_and_writes_nothing(folder: Path) -> None:
    dry = photos_import(folder=folder, labels="folder", dry_run=True)
    assert (ShoeImage.objects.count(), Brand.objects.count()) == (0, 0)
    assert not Path(settings.MEDIA_ROOT).exists()
    wet = photos_import(folder=folder, labels="folder")
    assert (str(dry), dry.rejected) == (str(wet), wet.rejected)


def test_the_longest_known_brand_wins() -> None:
    acme = BrandFactory.create(name="Acme")
    BrandFactory.create(name="Acme Works")
    BrandAliasFactory.create(brand=acme, name="The Acme Company")
    assert folder_label("acme_works_hi_top") == ("Acme Works", "Hi Top")
    assert folder_label("acme_one") == ("Acme", "One")
    assert folder_label("the_acme_company_one") == ("Acme", "One")
    assert folder_label("new_balance_574") == ("New Balance", "574")
    assert folder_label("salomon_xt-6") == ("Salomon", "Xt-6")
    assert folder_label("nike_air_max_plus_(tn)") == ("Nike", "Air Max Plus (tn)")
    assert folder_label("___") == ("", "")


def labels(folder: Path, text: str) -> None:
    (folder / "labels.csv").write_text(text)


def test_a_table_of_labels(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.jpg").write_bytes(photo_bytes(20))
    (folder / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    labels(
        folder,
        "filename,brand,model_name,colours,sku,view\n"
        "new_balance_990/1.jpg,New Balance,New Balance 990,black/white,m990,Lateral\n"
        "adidas_stan_smith/1.jpg,adidas,Stan Smith,,,\n"
        "missing.jpg,a,b,,,\n"
        "../outside.jpg,a,b,,,\n"
        "link.jpg,a,b,,,\n"
        "/etc/passwd,a,b,,,\n"
        "adidas_stan_smith/1.jpg,,b,,,\n"
        "adidas_stan_smith/1.jpg,a,b,,,sideways\n"
        "too,few\n",
    )
    report = photos_import(folder=folder, labels="csv")
    assert report.created == 2
    assert [row.line for row in report.rejected] == [4, 5, 6, 7, 8, 9, 10]
    row = Colorway.objects.get(style_code="M990")
    assert (str(row.model), row.colours) == ("New Balance 990", ("black", "white"))
    assert row.images.get().view == "lateral"
    assert not Brand.objects.filter(name="a").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "no labels.csv"), ("file,brand\n", "no column “model”"), ("", "empty")],
)
def test_a_table_that_cannot_be_used(
    folder: Path, text: str | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if text is not None:
        labels(folder, text)
    with pytest.raises(CommandError, match=words):
        call_command("import_photos", str(folder), labels="csv")


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.csv"
    call_command("import_photos", str(folder), labels="folder", report=report)
    assert "4 new, 0 changed, 0 unchanged, 3 rejected" in capsys.readouterr().out
    assert "adidas_stan_smith/empty.jpg,The file is empty." in report.read_text()
    with pytest.raises(CommandError, match="not a folder"):
        call_command("import_photos", str(tmp_path / "none"), labels="folder")


def test_too_large_files_are_not_read_whole(folder: Path, settings: Any) -> None:
    settings.SHOEFINDER_PHOTO_MAX_BYTES = 100
    report = photos_import(folder=folder, labels="folder")
    assert report.created == 0
    assert sum("at most" in row.reason for row in report.rejected) == 5
