"""The answer card: what it says, in which case, and what a visitor may say back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from catalog.models import Colorway, ShoeModel
from search import services
from search.answer_card import answer_card, differences, in_words
from search.models import NameReport, QueryPhoto, RecogniserFit
from search.results import Candidate, Guess, Identification
from tests.fakes import COLOURS
from tests.search.site import Site, jpeg, problem, text

Report = NameReport


@pytest.fixture
def fitted(bare_site: Site, celery_calls: list[str]) -> Site:
    for number, colour in enumerate(list(COLOURS)[:8]):
        bare_site.shelf.colorway(colour, brand="Acme" if number % 2 else "Bolt",
                                 model=f"Model {number}", photos=4)  # fmt: skip
    bare_site.shelf.publish()
    services.recogniser_fit(method="blend")
    return bare_site


def shown(site: Site, monkeypatch: pytest.MonkeyPatch, **found: Any) -> str:
    """The page of a photo that is identified as ``found``."""
    models = list(ShoeModel.objects.order_by("id")[:3])
    candidates = tuple(
        Candidate(model.pk, str(model), share, 1)
        for model, share in zip(models, (0.72, 0.2, 0.01), strict=True)
    )
    answer = Identification(
        **{"candidates": candidates, "calibrated": True, "known": True, **found}
    )
    monkeypatch.setattr("search.engine.identify", lambda *args, **options: answer)
    page = text(site.client.get(site.photo_sent()))
    return page.replace(" ,", ",").replace(" .", ".")


def test_a_known_shoe(fitted: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ShoeModel.objects.filter(name="Model 0").update(height="low")
    ShoeModel.objects.filter(name="Model 1").update(height="high")
    page = shown(
        fitted, monkeypatch, brand=Guess("Bolt", 0.81), height=Guess("low", 0.9), colours=("red",)
    )
    assert "Bolt Model 0 Very probably 72 %" in page
    assert "Brand Bolt 81 % Colour red Height Low 90 %" in page
    assert "It could also be Acme Model 1 20 % by Acme, not Bolt; shaft: high, not low" in page
    assert "Model 2" not in page.split("It could also be")[1].split("This is my shoe")[0]
    assert "This is my shoe" in page
    assert "Named by Photos and words, weighed Nearest photos" in page


def test_an_unknown_shoe(fitted: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    page = shown(fitted, monkeypatch, known=False)
    assert "This shoe is not in the catalog, it seems." in page
    assert "The closest are Bolt Model 0, Acme Model 1." in page
    assert "It is the Bolt Model 0" in page
    assert "This is my shoe" not in page


def test_its_photo_is_in_the_colours_of_the_photo(
    fitted: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = next(iter(COLOURS))
    fitted.shelf.colorway("teal", brand="Bolt", model="Model 0", photos=2)
    for colour in (asked, "teal"):
        colorway = Colorway.objects.get(model__name="Model 0", colour_key=colour)
        Colorway.objects.filter(pk=colorway.pk).update(cover=colorway.images.first())
    cards = []
    monkeypatch.setattr(
        "search.contexts.answer_card",
        lambda *a, **k: cards.append(answer_card(*a, **k)) or cards[-1],
    )
    for colours in ((asked,), ("teal", "white"), ()):
        shown(fitted, monkeypatch, colours=colours)
    covers = [card.first.cover.colorway.colour_key for card in cards]
    assert covers == [asked, "teal", "teal"]


def test_no_shoe(fitted: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "This does not look like a shoe." in shown(fitted, monkeypatch, shoe=False)


def test_a_turned_photo(fitted: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "on its side: it was turned (a quarter to the left)" in shown(
        fitted, monkeypatch, turned=90
    )


def test_shares_of_votes_are_not_called_probable(
    fitted: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "72 % of the nearest photos" in shown(fitted, monkeypatch, calibrated=False)


def test_without_a_choice_no_method_is_told(
    fitted: Site, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.SHOEFINDER_RECOGNISERS_OFFERED = []
    assert "Named by" not in shown(fitted, monkeypatch)


def test_the_visitor_chooses_a_method(fitted: Site) -> None:
    address = fitted.photo_sent()
    page = fitted.client.get(address + "&named_by=knn").content.decode()
    assert '<span class="badge">Nearest photos</span>' in page
    assert fitted.client.get(address + "&named_by=best").status_code == 400


def test_the_api_tells_the_same(fitted: Site) -> None:
    answer = fitted.client.post("/api/v1/identify", {"file": _file()})
    found = json.loads(answer.content)
    assert found["method"] == "blend"
    assert found["calibrated"] is True
    assert found["shoe"] is True
    assert found["turned"] == 0
    assert found["brand"]["value"] in {"Acme", "Bolt"}
    assert 0 <= found["candidates"][0]["confidence"] <= 1
    assert fitted.client.get("/api/v1/identify?photo=x&named_by=best").status_code == 400


@pytest.mark.parametrize(
    ("confidence", "words"),
    [(0.95, "almost certainly"), (0.7, "very probably"), (0.5, "probably"), (0.3, "perhaps"),
     (0.1, "a guess")],
)  # fmt: skip
def test_confidence_in_words(confidence: float, words: str) -> None:
    assert in_words(confidence) == words


def test_only_what_is_stated_of_both_is_a_difference(fitted: Site) -> None:
    one, other = ShoeModel.objects.filter(brand__name="Bolt").order_by("id")[:2]
    assert differences(one, other) == ()
    one.material, other.closure = "Leather", "velcro"
    assert differences(one, other) == ()
    other.material, one.closure = "Mesh", "laces"
    assert differences(one, other) == ("closure: laces, not velcro", "leather, not mesh")


def _file() -> Any:
    from tests.search.site import upload

    return upload(jpeg("red"))


def sent(site: Site, **fields: Any) -> Any:
    token = site.photo_sent().split("photo=")[1]
    return site.client.post(reverse("search:report"), {"photo": token, **fields})


def test_this_is_my_shoe(fitted: Site) -> None:
    model = ShoeModel.objects.get(name="Model 2")
    answer = sent(fitted, kind="mine", model=model.pk)
    assert answer.status_code == 200
    assert "Thank you" in text(answer)
    report = Report.objects.get()
    assert (report.kind, report.status, report.model, report.photo) == ("mine", "new", model, "")
    assert report.encoder_id == str(fitted.shelf.encoder.id)
    assert len(bytes(report.vector)) == 4 * fitted.shelf.encoder.dim
    assert report.named is not None
    assert report.method == "blend"


def test_a_wrong_name_with_the_photo_kept(fitted: Site) -> None:
    answer = sent(fitted, kind="wrong", model="", said="  Zoom \x00 Nine ", keep="1")
    assert answer.status_code == 200
    report = Report.objects.get()
    assert report.said == "Zoom Nine"
    assert report.model is None
    assert report.photo.storage.exists(report.photo.name)
    QueryPhoto.objects.all().delete()
    with report.photo.open("rb") as file:
        assert file.read(3) == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [({"kind": "mine"}, 400, "which shoe is yours"), ({"kind": "other"}, 400, "A report says"),
     ({"kind": "mine", "model": "999999"}, 400, "no such shoe"),
     ({"kind": "mine", "model": "1e3"}, 400, "no such shoe"),
     ({"kind": "wrong", "photo": "gone"}, 410, "no longer kept")],
)  # fmt: skip
def test_what_cannot_be_meant_is_told(
    fitted: Site, fields: dict[str, str], status: int, words: str
) -> None:
    answer = sent(fitted, **fields)
    assert answer.status_code == status
    assert words in text(answer)
    assert not Report.objects.exists()


def test_a_report_needs_the_pages_token() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(reverse("search:report"), {"kind": "mine"}).status_code == 403


def test_reports_by_the_api(fitted: Site) -> None:
    token = fitted.photo_sent().split("photo=")[1]
    body = {"photo": token, "kind": "wrong", "said": "Zoom", "keep_photo": False}
    answer = fitted.client.post("/api/v1/reports", body, content_type="application/json")
    assert answer.status_code == 201
    assert json.loads(answer.content)["id"] == Report.objects.get().pk
    again = fitted.client.post(
        "/api/v1/reports", {**body, "photo": "gone"}, content_type="application/json"
    )
    assert again.status_code == 410
    assert "no longer kept" in problem(again)["detail"]


def test_reports_are_reviewed_in_the_admin(
    fitted: Site, django_capture_on_commit_callbacks: Any
) -> None:
    sent(fitted, kind="wrong", said="Zoom", keep="1")
    admin = Client()
    admin.force_login(User.objects.create_superuser("admin"))
    report = Report.objects.get()
    changelist = reverse("admin:search_namereport_changelist")
    assert "Zoom" in text(admin.get(changelist))
    chosen = {"action": "accept", "_selected_action": [report.pk]}
    assert "choose the right model first" in text(admin.post(changelist, chosen, follow=True))
    model = ShoeModel.objects.get(name="Model 3")
    change = reverse("admin:search_namereport_change", args=[report.pk])
    admin.post(change, {"model": model.pk})
    assert "the next fit learns from them" in text(admin.post(changelist, chosen, follow=True))
    report.refresh_from_db()
    assert (report.status, report.model) == ("accepted", model)
    assert report.reviewed_by is not None
    name = report.photo.name
    with django_capture_on_commit_callbacks(execute=True):
        admin.post(changelist, {**chosen, "action": "reject"}, follow=True)
    report.refresh_from_db()
    assert report.status == "rejected"
    assert not report.photo
    assert not fitted_storage().exists(name)


def fitted_storage() -> Any:
    return Report._meta.get_field("photo").storage


def test_labels_are_exported(fitted: Site, tmp_path: Any) -> None:
    model = ShoeModel.objects.get(name="Model 2")
    sent(fitted, kind="mine", model=model.pk, keep="1")
    sent(fitted, kind="mine", model=model.pk)
    services.name_reports_review(reports=Report.objects.all(), accept=True)
    call_command("report_labels", str(tmp_path / "labels"))
    rows = (tmp_path / "labels" / "labels.csv").read_text().splitlines()
    assert len(rows) == 3
    assert sum(".jpg" in row for row in rows) == 1
    assert len(list((tmp_path / "labels" / "bolt-model-2").glob("*.jpg"))) == 1
    with np.load(tmp_path / "labels" / "vectors.npz") as kept:
        assert kept["vectors"].shape == (2, fitted.shelf.encoder.dim)


def test_a_method_is_trained_from_the_admin(fitted: Site) -> None:
    admin = Client()
    admin.force_login(User.objects.create_superuser("admin"))
    train = reverse("admin:search_recogniserfit_train")
    assert "Train a method" in text(admin.get(train))
    answer = admin.post(train, {"method": "head", "shots": "4"}, follow=True)
    assert "will be trained" in text(answer)
    waiting = RecogniserFit.objects.get(method="head")
    assert (waiting.shots, waiting.status) == (4, "pending")
    services.recogniser_fit_run(fit_id=waiting.pk)
    assert "32" in text(admin.get(reverse("admin:search_recogniserfit_changelist")))
    admin.logout()
    assert admin.get(train).status_code == 302
