"""``manage.py find`` says what the photo shows, and why an answer is there, as the page does."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.models import ShoeModel
from search import Query, search
from search.results import Candidate, Guess, Identification
from tests.search.site import Site, jpeg, text

SEEN = {"brand": Guess("Acme", 0.81), "height": Guess("low", 0.9), "colours": ("red", "white")}


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "shoe.jpg"
    path.write_bytes(jpeg("red"))
    return str(path)


def identified(monkeypatch: pytest.MonkeyPatch, **found: Any) -> None:
    """Let every photo be named so."""
    ShoeModel.objects.filter(name="Runner").update(height="low")
    models = [ShoeModel.objects.get(name=name) for name in ("Runner", "Court", "Trail")]
    candidates = tuple(
        Candidate(model.pk, str(model), share, 1)
        for model, share in zip(models, (0.72, 0.2, 0.05), strict=True)
    )
    answer = Identification(
        **{"candidates": candidates, "calibrated": True, "known": True, **SEEN, **found}
    )
    monkeypatch.setattr("search.engine.identify", lambda *args, **options: answer)


def named(photo: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What stands above the answers, with single spaces."""
    call_command("find", photo)
    head, _, rest = capsys.readouterr().out.partition("\n\n")
    assert rest.lstrip().startswith("1 ")
    return " ".join(head.split())


@pytest.mark.parametrize(
    ("found", "said"),
    [({}, "Acme Runner Very probably 72 %"),
     ({}, "It could also be Acme Court 20 % shaft: high, not low Borea Trail 5 % by Borea"),
     ({}, "Brand Acme 81 % Colour red, white Height Low 90 %"),
     ({"calibrated": False}, "72 % of the nearest photos"),
     ({"known": False}, "not in the catalog, it seems. The closest are Acme Runner, Acme Court,"),
     ({"shoe": False}, "This does not look like a shoe. If it is one, the closest in the catalog"),
     ({"turned": 90}, "on its side: it was turned (a quarter to the left)"),
     ({"turned": 180, "shoe": False}, "on its head: it was turned (upside down)"),
     ({"candidates": ()}, "Nothing in the catalog comes near enough to name this shoe."),
     ({"brand": Guess("Acme", 0.4), "height": None, "colours": ()}, "Very probably 72 % It")],
)  # fmt: skip
def test_it_names_the_shoe_in_the_words_of_the_answer_card(
    site: Site, photo: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    found: dict[str, Any], said: str,
) -> None:  # fmt: skip
    identified(monkeypatch, **found)
    told = named(photo, capsys)
    assert said in told
    page = text(site.client.get(site.photo_sent(jpeg("red"))))
    assert told in page.replace(" ,", ",").replace(" .", ".")


def test_words_alone_name_nothing(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("find", "", "red")
    assert capsys.readouterr().out.startswith("change  colour red\n  1  ")


def test_programs_are_told_the_name_as_the_api_tells_it(
    site: Site, photo: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("find", photo, "--json")
    found = json.loads(capsys.readouterr().out)["identification"]
    asked = {"photo": site.photo_sent(jpeg("red")).partition("photo=")[2]}
    assert found == site.client.get("/api/v1/search", asked).json()["identification"]
    assert found["candidates"]
    call_command("find", "", "red", "--json")
    assert json.loads(capsys.readouterr().out)["identification"] is None


def test_why_is_told_on_demand(site: Site, photo: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("find", photo, "same brand but blue", "--count=1")
    call_command(*asked)
    assert "Score" not in capsys.readouterr().out
    call_command(*asked, "--why")
    told = " ".join(capsys.readouterr().out.split())
    assert "Keep the same brand: " in told
    assert "Change colour blue: as wished Like the photo " in told
    call_command(*asked, "--json")
    (row,) = json.loads(capsys.readouterr().out)["results"]
    assert f"Like the photo {row['why']['photo']:.2f} Like the words" in told
    assert f"Score {row['score']:.2f} {100 * row['closeness']:.0f} % close" in told


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"why": {"photo": 0.9, "unlike": -0.2}, "score": 0.7, "alike": 2},
      "Like the photo 0.90 Like what you refused -0.20 Score 0.70 35 % close "
      "2 more photos of it are nearly the same picture."),
     ({"why": {"photo": 0.5, "words": 0.8}, "score": 0.4, "alike": 1},
      "Like the photo 0.50 Like the words × 0.80 Score 0.40 35 % close "
      "1 more photo of it is nearly the same picture."),
     ({"why": {}, "score": 0.0, "alike": 0}, "35 % close")],
)  # fmt: skip
def test_shares_are_joined_as_they_count(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any], said: str,
) -> None:  # fmt: skip
    found = search(Query(words="red"), encoder=site.shelf.encoder, store=site.shelf.store)
    only = replace(found.results[0], terms=(), closeness=0.35, **changes)
    monkeypatch.setattr(
        "search.management.commands.find.search",
        lambda query, per_page: replace(found, query=query, results=(only,), gap_after=None),
    )
    call_command("find", "", "red", "--why")
    assert " ".join(capsys.readouterr().out.split()).endswith(f") {said}")


def test_where_likeness_drops_and_what_is_to_be_noted(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = search(Query(words="red"), encoder=site.shelf.encoder, store=site.shelf.store)
    monkeypatch.setattr(
        "search.management.commands.find.search",
        lambda query, per_page: replace(found, query=query, gap_after=2, notices=("Mind this.",)),
    )
    call_command("find", "", "red")
    before, after = capsys.readouterr().out.split("Less similar from here")
    assert "\nMind this.\n  1 " in before
    assert "\n  2 " in before
    assert "\n  3 " in after


def test_no_line_of_a_library_comes_before_the_answer() -> None:
    assert not logging.getLogger("faiss.loader").isEnabledFor(logging.INFO)
