"""Attributes of colorways: corrected before stated before predicted, wherever they are read."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.exceptions import CorrectionError
from catalog.filters import CatalogFilter
from catalog.models import AttributePrediction, Colorway, ShoeModel
from catalog.selectors import (
    colorway_cards,
    colorways_matching,
    facets,
    image_payloads,
    photos_labelled,
)
from catalog.services import (
    Prediction,
    attribute_correct,
    colorways_refresh,
    corrections_undo,
    model_merge,
    model_unmerge,
    predictions_follow,
    predictions_write,
)
from catalog.services.colorways import colorway_rename
from tests.factories import BrandFactory, ColorwayFactory, ShoeImageFactory, ShoeModelFactory

pytestmark = pytest.mark.django_db


def predicted(row: Colorway, attribute: str, value: str, confidence: float = 0.9) -> None:
    predictions_write(
        predictions=[
            Prediction(colorway_id=row.pk, attribute=attribute, value=value, confidence=confidence)
        ],
        encoder_id="fake@1+grid",
    )
    row.refresh_from_db()


def slugs(row: Colorway) -> list[str]:
    return [colour.slug for colour in colorway_cards([row.pk])[row.pk].colours]


def matching(**filters: Any) -> set[int]:
    return set(colorways_matching(CatalogFilter(**filters)).values_list("id", flat=True))


@pytest.fixture
def silent() -> Colorway:
    """A colorway whose shops say neither colour nor height."""
    row: Colorway = ColorwayFactory.create(name="", style_code="")
    return row


def test_a_sure_prediction_fills_what_is_stated_nowhere(silent: Colorway) -> None:
    predicted(silent, "colours", "red")
    predicted(silent, "height", "high")
    photo = ShoeImageFactory.create(colorway=silent, with_file=False)
    assert slugs(silent) == ["red"]
    assert silent.height == "high"
    assert silent.colour_key == "", "colours that are its identity stay as stated"
    assert matching(colours=("red",), heights=("high",)) == {silent.pk}
    payload = image_payloads([photo.pk])[photo.pk]
    assert payload["colour"] == (4,)
    assert payload["height"] == 3
    assert colorway_cards([silent.pk])[silent.pk].predicted == {"colours", "height"}
    counts = {f.name: {v.slug: v.count for v in f.values} for f in facets(filters=CatalogFilter())}
    assert counts["colour"] == {"red": 1}
    assert counts["height"] == {"high": 1}


def test_predictions_are_no_labels_and_corrections_are(silent: Colorway) -> None:
    predicted(silent, "colours", "red")
    predicted(silent, "height", "high")
    ShoeImageFactory.create(colorway=silent, with_file=False)
    (photo,) = photos_labelled()
    assert (photo.colours, photo.height) == ((), "")
    attribute_correct(colorway=silent, attribute="colours", value="Navy / White")
    (photo,) = photos_labelled()
    assert (photo.colours, photo.height) == (("navy", "white"), "")


def test_an_unsure_prediction_waits_for_the_setting(silent: Colorway, settings: Any) -> None:
    predicted(silent, "colours", "red", confidence=0.6)
    assert slugs(silent) == []
    assert predictions_follow() == 0
    settings.SHOEFINDER_PREDICTION_CONFIDENCE = 0.5
    assert predictions_follow() == 1
    assert slugs(silent) == ["red"]
    settings.SHOEFINDER_PREDICTION_CONFIDENCE = 0.7
    assert predictions_follow() == 1
    assert slugs(silent) == []


def test_what_is_stated_counts_before_a_prediction() -> None:
    row = ColorwayFactory.create(name="Black / White")
    predicted(row, "colours", "red", confidence=0.99)
    assert slugs(row) == ["black", "white"]
    assert AttributePrediction.objects.get().stated == "black/white"


def test_what_a_shop_states_later_takes_the_place_of_a_prediction(silent: Colorway) -> None:
    predicted(silent, "colours", "red")
    assert colorway_rename(colorway=silent, name="Navy")
    assert slugs(silent) == ["navy"]
    ShoeModel.objects.filter(pk=silent.model_id).update(height="low")
    predicted(silent, "height", "high")
    assert silent.height == "low"


def test_a_correction_counts_before_all_and_can_be_taken_back(admin_user: User) -> None:
    row = ColorwayFactory.create(name="Black / White")
    before = row.updated_at
    kept = attribute_correct(colorway=row, attribute="colours", value="burgundy", by=admin_user)
    row.refresh_from_db()
    assert (kept.corrected, kept.stated, kept.corrected_by) == ("maroon", "black/white", admin_user)
    assert slugs(row) == ["maroon"]
    assert row.colour_key == "black/white"
    assert row.updated_at > before, "the index of search follows"
    colorways_refresh([row.pk])
    assert colorway_rename(colorway=row, name="Black / Grey")
    assert slugs(row) == ["maroon"], "whatever shops write meanwhile"
    assert corrections_undo(rows=[kept]) == 1
    assert slugs(row) == ["black", "grey"]
    row.refresh_from_db()
    assert row.settled == ""


def test_a_new_prediction_leaves_corrections_alone(silent: Colorway) -> None:
    attribute_correct(colorway=silent, attribute="height", value="Mid")
    predicted(silent, "height", "high", confidence=1.0)
    assert silent.height == "mid"


def test_a_corrected_brand_is_filtered_by(silent: Colorway) -> None:
    brand = BrandFactory.create(name="Borea")
    attribute_correct(colorway=silent, attribute="brand", value="borea")
    assert matching(brands=("borea",)) == {silent.pk}
    assert colorway_cards([silent.pk])[silent.pk].brand == brand.name
    silent.refresh_from_db()
    assert silent.model.brand_id != brand.pk


@pytest.mark.parametrize(
    ("attribute", "value", "kept"),
    [
        ("colours", "Core Black / Off White", "black/off-white"),
        ("gender", "Women's", "women"),
        ("category", "Running shoes", "running"),
        ("height", "High", "high"),
    ],
)
def test_corrections_are_read_as_people_write_them(
    silent: Colorway, attribute: str, value: str, kept: str
) -> None:
    assert attribute_correct(colorway=silent, attribute=attribute, value=value).corrected == kept


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("colours", "fluffy"), ("brand", "Nobody"), ("height", "tall"), ("price", "80")],
)
def test_what_is_no_value_is_refused(silent: Colorway, attribute: str, value: str) -> None:
    with pytest.raises(CorrectionError):
        attribute_correct(colorway=silent, attribute=attribute, value=value)
    assert not AttributePrediction.objects.exists()


def test_corrections_survive_a_merge_and_its_undoing() -> None:
    brand = BrandFactory.create()
    source, target = ShoeModelFactory.create_batch(2, brand=brand)
    own = ColorwayFactory.create(model=source, name="Red", style_code="X1")
    into = ColorwayFactory.create(model=target, name="Red", style_code="X1")
    attribute_correct(colorway=own, attribute="colours", value="maroon")
    attribute_correct(colorway=own, attribute="height", value="high")
    attribute_correct(colorway=into, attribute="height", value="low")
    merge = model_merge(source=source, target=target)
    into.refresh_from_db()
    assert (slugs(into), into.height) == (["maroon"], "low")
    model_unmerge(merge=merge)
    own = Colorway.objects.get(model=source)
    into.refresh_from_db()
    assert (slugs(own), own.height) == (["maroon"], "high")
    assert (slugs(into), into.height) == (["red"], "low")


LIST = "admin:catalog_attributeprediction_changelist"


def saved(boss: Client, row: AttributePrediction, corrected: str) -> str:
    answer = boss.post(
        reverse(LIST),
        {
            "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": row.pk,
            "form-0-corrected": corrected, "_save": "Save",
        },
        follow=True,
    )  # fmt: skip
    return str(answer.content.decode())


def test_the_list_corrects_and_takes_back(admin_client: Client, silent: Colorway) -> None:
    predicted(silent, "colours", "red")
    row = AttributePrediction.objects.get()
    assert "names no colour" in saved(admin_client, row, "fluffy")
    saved(admin_client, row, "navy / white")
    row.refresh_from_db()
    assert (row.corrected, str(row.corrected_by)) == ("navy/white", "admin")
    assert slugs(silent) == ["navy", "white"]
    answer = admin_client.post(reverse(LIST), {"_take_back": row.pk}, follow=True)
    assert "1 corrections taken back" in answer.content.decode()
    assert slugs(silent) == ["red"]
    saved(admin_client, row, "navy")
    saved(admin_client, row, "")
    assert slugs(silent) == ["red"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("attribute__exact=colours", 2), ("attribute__exact=height", 1),
        ("confidence=0.95", 1), ("confidence=0.5", 1),
        ("source=disagrees", 1), ("source=unstated", 2), ("source=corrected", 0),
    ],
)  # fmt: skip
def test_the_list_is_filtered(
    admin_client: Client, silent: Colorway, query: str, shown: int
) -> None:
    predicted(silent, "colours", "red", confidence=0.6)
    predicted(silent, "height", "high", confidence=0.9)
    predicted(ColorwayFactory.create(name="Black"), "colours", "white", confidence=0.97)
    answer = admin_client.get(reverse(LIST) + f"?{query}")
    assert answer.context["cl"].result_count == shown


def test_what_nobody_predicted_is_corrected_by_hand(admin_client: Client, silent: Colorway) -> None:
    add = reverse("admin:catalog_attributeprediction_add")
    told = {"colorway": silent.pk, "attribute": "height", "corrected": "high"}
    assert "Correct an attribute that has no prediction" in admin_client.get(add).content.decode()
    start = admin_client.get(reverse("admin:index")).content.decode()
    assert add not in start, "nobody adds a prediction"
    assert "Correct another attribute" in admin_client.get(reverse(LIST)).content.decode()
    for value in ("high", "mid"):
        assert admin_client.post(add, told | {"corrected": value}).status_code == 302
        silent.refresh_from_db()
        assert silent.height == value
    assert AttributePrediction.objects.count() == 1
    page = reverse("admin:catalog_attributeprediction_change", args=[
        AttributePrediction.objects.get().pk
    ])  # fmt: skip
    assert admin_client.get(page).status_code == 200
