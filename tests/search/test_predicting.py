"""What shops do not state is predicted from photos, in the background, and counts in searches."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import AttributePrediction, Colorway, ColorwayColour
from catalog.services import attribute_correct, predictions_forget
from search import Query, search
from search.reasons import reason_of
from search.services import evidence_pending, predictions_pending
from tests.catalog.test_predictions import slugs
from tests.search.site import Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(bare_site: Site, settings: Any) -> Site:
    """Six red high boots whose shop says so, three blue low ones, and one of which none says."""
    settings.SHOEFINDER_PREDICTION_CONFIDENCE = 0.5
    shelf = bare_site.shelf
    for _ in range(6):
        shelf.colorway("red", model="Boot", height="high")
    for _ in range(3):
        shelf.colorway("blue", model="Court", height="low")
    mute = shelf.colorway("red", model="Nameless")
    Colorway.objects.filter(pk=mute.pk).update(colour_key="", name="")
    ColorwayColour.objects.filter(colorway=mute).delete()
    shelf.publish()
    evidence_pending()
    return bare_site


def mute() -> Colorway:
    return Colorway.objects.get(model__name="Nameless")


def test_it_is_predicted_once_for_each_encoder(site: Site) -> None:
    assert predictions_pending() == 10
    row = mute()
    assert (slugs(row), row.height) == (["red"], "high")
    assert row.settled == "colours:predicted height:predicted"
    told = AttributePrediction.objects.get(colorway=row, attribute="height")
    assert told.encoder_id == str(site.shelf.encoder.id)
    assert 0.5 <= told.confidence < 1
    assert predictions_pending() == 0
    predictions_forget(colorways=[row.pk])
    assert predictions_pending() == 1


def test_what_is_stated_gets_a_row_only_where_photos_surely_disagree(site: Site) -> None:
    odd = Colorway.objects.filter(model__name="Boot").first()
    assert odd is not None
    Colorway.objects.filter(pk=odd.pk).update(colour_key="blue")
    predictions_pending()
    heights = AttributePrediction.objects.filter(attribute="height")
    assert [row.colorway_id for row in heights] == [mute().pk]
    row = AttributePrediction.objects.get(colorway=odd, attribute="colours")
    assert (row.stated, row.predicted) == ("blue", "red")


def test_it_goes_on_where_it_stopped(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.services.predicting.BATCH", 4)
    assert predictions_pending(seconds=0) == 4
    assert predictions_pending() == 6


def test_a_prediction_has_no_vote(site: Site) -> None:
    Colorway.objects.filter(model__name="Boot").update(settled="height:predicted")
    Colorway.objects.filter(model__name="Court").update(settled="height:predicted")
    predictions_pending()
    assert mute().height == ""


def test_searches_know_it_and_say_that_it_is_predicted(site: Site) -> None:
    predictions_pending()
    site.shelf.publish()
    page = search(Query(words="high, red"), encoder=site.shelf.encoder, store=site.shelf.store)
    result = next(r for r in page.results if r.card.id == mute().pk)
    words = {standing.words for standing in reason_of(result).standings}
    assert words == {"as wished, as predicted from its photos"}
    attribute_correct(colorway=mute(), attribute="height", value="low")
    site.shelf.publish()
    page = search(Query(words="high, red"), encoder=site.shelf.encoder, store=site.shelf.store)
    result = next(r for r in page.results if r.card.id == mute().pk)
    assert "not as wished" in {standing.words for standing in reason_of(result).standings}


def test_corrections_are_written_as_labels(site: Site, tmp_path: Path) -> None:
    predictions_pending()
    attribute_correct(colorway=mute(), attribute="colours", value="maroon")
    call_command("report_labels", tmp_path / "labels")
    with (tmp_path / "labels" / "corrections.csv").open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["attribute"], row["corrected"], row["predicted"]) == ("colours", "maroon", "red")
    assert row["photos"] == mute().images.get().sha256
