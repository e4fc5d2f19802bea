"""Lists of shoes, near-identical models, and folders that name features."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from catalog.exceptions import ImportRefused
from catalog.models import Colorway, MergeSuggestion, ShoeImage, ShoeModel
from catalog.services import model_unmerge
from catalog.services.model_lists import model_list_import
from catalog.services.photo_features import features_of_name
from catalog.services.photo_imports import photos_import
from catalog.services.uniting import (
    likeness,
    suggestions_decline,
    suggestions_find,
    suggestions_unite,
)
from tests.catalog.photos import photo_bytes
from tests.factories import ColorwayFactory, ShoeModelFactory

pytestmark = pytest.mark.django_db


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_with_lines_becomes_models_and_colorways(tmp_path: Path) -> None:
    path = written(
        tmp_path, "list.csv",
        "brand,line,model,colorway,style code,popular\n"
        "Karo,Wave,90,Black / White,K-100,yes\nKaro,Wave,Wave 95,Red,K-101,\nKaro,,,,,\n",
    )  # fmt: skip
    report = model_list_import(path=path)
    assert (report.created, len(report.rejected)) == (2, 1)
    assert set(ShoeModel.objects.values_list("name", "is_popular")) == {
        ("Wave 90", True), ("Wave 95", False),
    }  # fmt: skip
    assert Colorway.objects.get(style_code="K-100").colours == ("black", "white")
    again = model_list_import(path=path)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)


def test_nested_json_and_a_mapping_are_read(tmp_path: Path) -> None:
    nested = {"Karo": {"Wave": {"90": {"Black": "K-1", "Red": ["K-2"]}, "95": {}}}}
    model_list_import(path=written(tmp_path, "a.json", json.dumps(nested)))
    assert set(Colorway.objects.values_list("model__name", "style_code")) == {
        ("Wave 90", "K-1"), ("Wave 90", "K-2"),
    }  # fmt: skip
    assert ShoeModel.objects.filter(name="Wave 95").exists()
    mapping = written(
        tmp_path, "m.json", '{"columns": {"model": "Modell"}, "values": {"brand": "Vento"}}'
    )
    path = written(tmp_path, "b.csv", "Modell;Preis\nBrezza;9\n")
    model_list_import(path=path, mapping=mapping)
    assert ShoeModel.objects.filter(brand__name="Vento", name="Brezza").exists()


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "list.csv", "brand,model\nKaro,Wave\n")
    assert model_list_import(path=path, dry_run=True).created == 1
    assert not ShoeModel.objects.exists()


@pytest.mark.parametrize(
    ("name", "text", "mapping", "said"),
    [
        ("a.csv", "maker,shoe size\nKaro,9\n", "", "No column tells the model"),
        ("a.csv", "brand,model\nKaro,Wave\n", '{"columns": {"model": "Modell"}}', "lacks"),
        ("a.csv", "brand,model\nKaro,Wave\n", '{"columns": {"price": "p"}}', "Known are"),
        ("a.csv", "brand,model\nKaro,Wave\n", "[", "cannot be read"),
        ("a.json", "{", "", "not JSON"),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, name: str, text: str, mapping: str, said: str
) -> None:
    path = written(tmp_path, name, text)
    other = written(tmp_path, "mapping.json", mapping) if mapping else None
    with pytest.raises(ImportRefused, match=said):
        model_list_import(path=path, mapping=other)


def test_the_recognizers_lists_are_read(tmp_path: Path) -> None:
    everything = written(tmp_path, "all.txt", "karo wave 90\nnew balance 574\n\n")
    popular = written(tmp_path, "popular.txt", "New Balance 574\n")
    call_command("import_models", str(everything), "--format", "all-shoes")
    call_command("import_models", str(popular), "--format", "popular-shoes")
    assert set(ShoeModel.objects.values_list("brand__name", "name", "is_popular")) == {
        ("Karo", "Wave 90", False), ("New Balance", "574", True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("UltraBoost 2019", "UltraBoost 2020", "year"),
        ("UltraBoost", "Ultra Boost", "spelling"),
        ("Streamliner Max", "Streamlinner Max", "typing error"),
        ("Air Max 90", "Air Max 95", None),
        ("Street High", "Street Low", None),
        ("Wave II", "Wave III", None),
        ("Samba", "Sambae", None),
    ],
)
def test_names_are_near_by_year_spelling_or_a_letter(
    one: str, other: str, reason: str | None
) -> None:
    found = likeness(one, other)
    assert (found[1] if found else None) == reason


def test_suggestions_are_united_undone_and_declined_once() -> None:
    old = ShoeModelFactory(name="UltraBoost 2019")
    new = ShoeModelFactory(brand=old.brand, name="UltraBoost 2020")
    ColorwayFactory(model=new)
    ShoeModelFactory(name="UltraBoost 2021")  # of another brand
    assert suggestions_find() == 1
    assert suggestions_find() == 0
    suggestion = MergeSuggestion.objects.get()
    assert (suggestion.source, suggestion.target) == (old, new)
    assert suggestions_unite(suggestions=[suggestion]) == (1, [])
    old.refresh_from_db()
    assert old.merged_into == new
    suggestion.refresh_from_db()
    assert suggestion.merge is not None
    model_unmerge(merge=suggestion.merge)
    old.refresh_from_db()
    assert old.merged_into is None
    assert suggestions_decline(suggestions=[suggestion]) == 0


def test_a_bulk_of_suggestions_is_united_in_the_admin(client: Client) -> None:
    first = ShoeModelFactory(name="Wavy 2019")
    for year in (2020, 2021):
        ShoeModelFactory(brand=first.brand, name=f"Wavy {year}")
    client.force_login(get_user_model().objects.create_superuser("ada", password="x"))
    client.post(reverse("admin:catalog_mergesuggestion_find"))
    url = reverse("admin:catalog_mergesuggestion_changelist")
    assert "Wavy 2019" in client.get(url).content.decode()
    chosen = [str(row.pk) for row in MergeSuggestion.objects.all()]
    client.post(url, {"action": "unite", "_selected_action": chosen})
    assert ShoeModel.objects.filter(merged_into=None).count() == 1


def test_a_folders_name_tells_five_features(tmp_path: Path) -> None:
    told = features_of_name("Karo_1_black-red_white_Wave_High")
    assert (told.brand, told.name, told.height) == ("Karo", "Wave High", "high")
    assert told.colour == "Black / Red / White sole"
    with pytest.raises(ImportRefused, match="BRAND_HIGHTOP"):
        features_of_name("Karo_Wave")
    with pytest.raises(ImportRefused, match="neither high nor low"):
        features_of_name("Karo_tall_black_white_Wave")


def test_photos_in_folders_of_features_are_imported(tmp_path: Path) -> None:
    for number, name in enumerate(["Karo_1_black_white_Wave", "Karo_Wave"]):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(photo_bytes(number + 1))
    report = photos_import(folder=tmp_path, labels="features")
    assert (report.created, len(report.rejected)) == (1, 1)
    image = ShoeImage.objects.select_related("colorway__model__brand").get()
    assert image.colorway is not None
    assert image.colorway.colours == ("black", "white")
    assert image.colorway.model.height == "high"
    written(tmp_path, "features.csv", "folder,brand,hightop,colour,sole,name\n"
            "Karo_Wave,Karo,0,red,gum,Breeze\n")  # fmt: skip
    report = photos_import(folder=tmp_path, labels="features")
    assert report.created == 1
    assert ShoeModel.objects.get(name="Breeze").height == "low"
