"""The chips of a search: shown, removed, flipped, re-valued, weighed; without a script."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from catalog.colours import BY_SLUG
from catalog.models import Category, Closure, Gender, Height
from search.edits import CHOICES
from tests.search.site import Site, text


def shown(answer: Any) -> list[str]:
    """What the chips say, free text too."""
    html = answer.content.decode()
    found = re.findall(r'aria-label="Remove(?::| the text) ([^"]+)"', html)
    return [unescape(chip) for chip in found]


def link(answer: Any, label: str) -> str:
    pattern = rf'href="([^"]+)"[^>]*aria-label="Remove(?::| the text) {re.escape(label)}"'
    found = re.search(pattern, answer.content.decode())
    assert found, label
    return unescape(found[1])


def form(answer: Any, place: str) -> dict[str, list[str]]:
    """The hidden fields of a chip's form: what a browser sends beside what is chosen."""
    for part in re.findall(r'<form class="term-form".*?</form>', answer.content.decode(), re.S):
        fields: dict[str, list[str]] = {}
        for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', part):
            fields.setdefault(name, []).append(unescape(value))
        if fields["chip_place"] == [place]:
            return fields
    raise AssertionError(place)


def params(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def test_a_sentence_is_shown_as_chips(site: Site) -> None:
    answer = site.client.get("/", {"q": "same brand but red, not leather, fluffy"})
    assert shown(answer) == ["keep the same brand", "change colour red", "avoid material leather",
                             "“fluffy”"]  # fmt: skip
    assert "Understood as" in text(answer)


def test_a_chip_is_removed_by_its_link(site: Site) -> None:
    before = site.client.get("/", {"q": "red, not leather, fluffy", "brand": "acme"})
    address = link(before, "avoid material leather")
    assert params(address) == {
        "q": ["red, not leather, fluffy"], "chip": ["change:colour:red"], "text": ["fluffy"],
        "brand": ["acme"],
    }  # fmt: skip
    after = site.client.get(address)
    assert shown(after) == ["change colour red", "“fluffy”"]
    assert shown(site.client.get(link(after, "“fluffy”"))) == ["change colour red"]


def test_when_all_are_removed_none_is_read_again(site: Site) -> None:
    only = site.client.get("/", {"q": "red"})
    bare = site.client.get(link(only, "change colour red"))
    assert shown(bare) == []
    assert "No wishes yet" in text(bare)
    anew = re.search(r'href="([^"]+)"[^>]*>Read my words anew', bare.content.decode())
    assert anew
    assert params(unescape(anew[1])) == {"q": ["red"]}


def test_a_chip_is_flipped_revalued_and_weighed_by_its_form(site: Site) -> None:
    answer = site.client.get("/", {"q": "red Nike under 80"})
    sent = form(answer, "0") | {"chip_mode": "avoid", "chip_value": "blue", "chip_weight": "0.5"}
    changed = site.client.get("/", sent)
    assert changed.status_code == 302
    assert params(changed["Location"])["chip"] == [
        "avoid:colour:blue@0.5", "change:brand:Nike", "change:price:<80"
    ]  # fmt: skip
    assert shown(site.client.get(changed["Location"]))[0] == "avoid colour blue"


@pytest.mark.parametrize(
    ("attribute", "value", "chip"),
    [
        ("colour", "burgundy", "change:colour:maroon"),
        ("brand", "addidas", "change:brand:Adidas"),
        ("price", "under 80", "change:price:<80"),
        ("colour", "빨간색", "change:colour:red"),
        ("sole", "white", "change:sole:white"),
        ("height", "", "change:height"),
        ("model", "Some New Thing 3", "change:model:Some New Thing 3"),
    ],
)
def test_a_chip_is_added_in_any_words(site: Site, attribute: str, value: str, chip: str) -> None:
    answer = site.client.get("/", {"q": "high"})
    sent = form(answer, "new") | {
        "chip_mode": "change", "chip_attribute": attribute, "chip_value": value,
    }  # fmt: skip
    added = site.client.get("/", sent)
    assert params(added["Location"])["chip"] == ["change:height:high", chip]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"chip_mode": "avoid", "chip_attribute": "colour", "chip_value": ""}, "must say what"),
        ({"chip_mode": "want", "chip_attribute": "colour", "chip_value": "red"}, "keeps, changes"),
        ({"chip_mode": "keep", "chip_attribute": "smell", "chip_value": "x"}, "smell"),
        ({"chip_mode": "keep", "chip_attribute": "colour", "chip_value": "qqq"}, "qqq"),
        ({"chip_mode": "keep", "chip_attribute": "price", "chip_value": "dear"}, "price"),
        ({"chip_mode": "keep", "chip_attribute": "brand", "chip_weight": "9"}, "between 0 and 2"),
        ({"chip_mode": "keep", "chip_attribute": "brand", "chip_weight": "much"}, "much"),
    ],
)
def test_a_chip_that_cannot_be_meant_is_refused_in_words(
    site: Site, fields: dict[str, str], told: str
) -> None:
    answer = site.client.get("/", {"q": "red", "chip_place": "new", **fields})
    assert answer.status_code == 400
    assert told in text(answer)
    assert 'value="red"' in answer.content.decode()
    # What was found before is still there.
    assert 'id="result-list"' in answer.content.decode()


def test_avoiding_what_the_photo_shows_asks_for_another(site: Site) -> None:
    before = site.client.get("/", {"q": "same brand but red"})
    changed = {**form(before, "0"), "chip_mode": "avoid", "chip_value": ""}
    after = site.client.get("/", changed, follow=True)
    assert shown(after)[0] == "change another brand"


def test_a_method_that_was_chosen_stays_with_the_next_sentence(site: Site) -> None:
    answer = site.client.get("/", {"q": "red", "named_by": "knn"})
    assert 'name="named_by" value="knn"' in answer.content.decode()


def test_the_search_form_keeps_chips_until_other_words_are_sent(site: Site) -> None:
    chips = {"q": "red and high", "chip": ["change:colour:red"], "said": "red and high"}
    kept = site.client.post("/", {**chips, "brand": ["acme"]})
    assert params(kept["Location"])["chip"] == ["change:colour:red"]
    anew = site.client.post("/", {**chips, "q": "blue"})
    assert params(anew["Location"]) == {"q": ["blue"]}
    page = site.client.get("/", {"q": "red and high", "chip": "change:colour:red"})
    assert 'name="said" value="red and high"' in page.content.decode()


def test_chips_rank_as_their_words_do(site: Site) -> None:
    by_words = site.client.get("/api/v1/search", {"q": "in red"}).json()
    by_chip = site.client.get("/api/v1/search", {"chip": "change:colour:red"}).json()
    assert [r["shoe"]["id"] for r in by_chip["results"]] == [
        r["shoe"]["id"] for r in by_words["results"]
    ]
    assert by_words["results"][0]["shoe"]["colours"][0] == "red"


@pytest.mark.parametrize("other", ["빨간색", "rot bitte", "in the colour red", "REDD", "rojo"])
def test_two_wordings_of_a_wish_have_the_same_answers(site: Site, other: str) -> None:
    one, two = (site.client.get("/api/v1/search", {"q": q}).json() for q in ("red", other))
    assert one["chips"] == two["chips"]
    scores = [[(r["shoe"]["id"], r["score"]) for r in each["results"]] for each in (one, two)]
    assert scores[0] == scores[1]


def test_the_api_gives_chips_and_takes_them_back(site: Site) -> None:
    first = site.client.get("/api/v1/search", {"q": "another brand in red, fluffy"}).json()
    assert first["chips"] == [
        {"mode": "change", "attribute": "brand", "value": None, "weight": 1.0, "tone": None},
        {"mode": "change", "attribute": "colour", "value": "red", "weight": 1.0, "tone": None},
    ]
    assert first["free_text"] == "fluffy"
    chips = [{**first["chips"][1], "value": "blue", "weight": 0.5}]
    body = {"q": "another brand in red", "chips": chips}
    second = site.client.post("/api/v1/search", json.dumps(body), "application/json").json()
    assert second["chips"] == chips
    assert params(second["query"])["chip"] == ["change:colour:blue@0.5"]
    none = site.client.post("/api/v1/search", json.dumps({"q": "red", "chips": []}),
                            "application/json").json()  # fmt: skip
    assert none["chips"] == []


def test_the_api_refuses_a_chip_that_cannot_be_meant(site: Site) -> None:
    bad = {"q": "red", "chips": [{"mode": "avoid", "attribute": "colour"}]}
    answer = site.client.post("/api/v1/search", json.dumps(bad), "application/json")
    assert answer.status_code == 400
    assert "must say what" in answer.json()["detail"]


def test_closed_lists_are_those_of_the_catalog() -> None:
    assert set(CHOICES["colour"]) == set(BY_SLUG)
    assert set(CHOICES["height"]) == set(Height.values)
    assert set(CHOICES["category"]) == set(Category.values)
    assert set(CHOICES["closure"]) == set(Closure.values)
    assert set(CHOICES["gender"]) == set(Gender.values)
