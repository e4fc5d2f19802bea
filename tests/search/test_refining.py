"""Several photos, a frame, "more like this" and "not this one": through the engine and the page."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image

from catalog.models import Colorway, ShoeImage
from search import Query, SearchPage
from search.crop import Crop
from search.models import QueryPhoto
from search.queries import query_photo_create
from tests.search.encoders.contract import drawn_shoe
from tests.search.shelf import Ask, Shelf, png
from tests.search.site import Site, jpeg, text, upload

pytestmark = pytest.mark.django_db
COLOURS = ("red", "navy", "green", "orange", "yellow")


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    for colour in COLOURS:
        shelf.colorway(colour)
    shelf.publish()
    return shelf


def colours(page: SearchPage) -> list[str]:
    return [result.card.colours[0].slug for result in page.results]


def photo_of(colour: str) -> int:
    return ShoeImage.objects.get(colorway__colour_key=colour).pk


def kept(*images: Image.Image) -> list[str]:
    return [query_photo_create(png(image)).token for image in images]


def scene() -> Image.Image:
    """A green shoe in the upper left, a red one in the lower right."""
    room = Image.new("RGB", (400, 300), "white")
    room.paste(drawn_shoe("green", size=(200, 150)), (0, 0))
    room.paste(drawn_shoe("red", size=(200, 150)), (200, 150))
    return room


@pytest.mark.parametrize(
    ("crop", "colour"), [(Crop(0, 0, 0.5, 0.5), "green"), (Crop(0.5, 0.5, 0.5, 0.5), "red")]
)
def test_only_what_is_in_the_frame_counts(ask: Ask, crop: Crop, colour: str) -> None:
    (token,) = kept(scene())
    assert colours(ask(Query(photo=token, crop=crop)))[0] == colour


def test_a_catalog_photo_can_be_framed_too(ask: Ask) -> None:
    page = ask(Query(image_id=photo_of("red"), crop=Crop(0.05, 0.1, 0.9, 0.8)))
    assert "red" not in colours(page)
    assert page.identification is not None


def test_several_photos_count_as_one_shoe(ask: Ask) -> None:
    first, second = kept(drawn_shoe("navy"), drawn_shoe("red"))
    alone = colours(ask(Query(photo=first)))
    both = colours(ask(Query(photo=first, more_photos=(second,))))
    assert alone[0] == "navy"
    assert set(both[:2]) == {"navy", "red"}
    assert alone.index("red") > 1


def test_more_like_this_moves_the_answer(ask: Ask) -> None:
    (token,) = kept(drawn_shoe("navy"))
    before = colours(ask(Query(photo=token)))
    after = colours(ask(Query(photo=token, like=(photo_of("yellow"),))))
    assert after.index("yellow") < before.index("yellow")
    assert colours(ask(Query(like=(photo_of("green"),))))[0] == "green"


@pytest.mark.parametrize("words", ["", "same but green"])
def test_not_this_one_is_gone_and_its_like_sinks(ask: Ask, words: str) -> None:
    (token,) = kept(drawn_shoe("navy"))
    query = Query(photo=token, words=words)
    refused, *others = ask(query).results
    page = ask(query.refined(unlike=refused.hit.image_id))
    left = {result.card.id for result in page.results}
    assert left == {result.card.id for result in others}
    for result in page.results:
        assert result.why["unlike"] <= 0
        assert sum(result.why.values()) == pytest.approx(result.score)


def test_a_photo_alone_keeps_its_order_when_one_is_refused(ask: Ask) -> None:
    (token,) = kept(drawn_shoe("navy"))
    before = colours(ask(Query(photo=token)))
    # The farthest one: nothing else is like it, so nothing else may move.
    after = colours(ask(Query(photo=token).refined(unlike=photo_of(before[-1]))))
    assert after[:2] == before[:2]


def test_what_left_the_catalog_does_not_count(ask: Ask) -> None:
    (token,) = kept(drawn_shoe("navy"))
    query = Query(photo=token)
    refined = query.refined(like=photo_of("red")).refined(unlike=photo_of("green"))
    ShoeImage.objects.filter(colorway__colour_key__in=["red", "green"]).delete()
    assert colours(ask(refined))[0] == colours(ask(query))[0] == "navy"


def links(answer: Any, words: str) -> list[str]:
    pattern = rf'<a [^>]*?href="([^"]*)"[^>]*>(?:(?!</a>).)*?{words}'
    return [unescape(link) for link in re.findall(pattern, answer.content.decode())]


def test_the_page_refines_and_takes_back_by_links(site: Site) -> None:
    answer = site.client.get("/?q=red")
    refused = links(answer, "Not this one")[0]
    gone = site.client.get(refused)
    assert "Refined by Not Acme Runner red" in text(gone)
    assert len(links(gone, "Not this one")) == 4
    liked = site.client.get(links(gone, "More like this")[0])
    assert "More like this: take back" in text(liked)
    assert "Take all back" in text(liked)
    back = re.findall(r'href="([^"]*)"[^>]*aria-label="Take back: not', liked.content.decode())
    assert "unlike" not in back[0]
    assert links(liked, "Take all back") == ["/?q=red"]
    sent = site.client.post("/", {"q": "red", "unlike": "3", "like": ["2", "1"]})
    assert sent["Location"] == "/?q=red&like=1&like=2&unlike=3"


def test_the_number_of_refinements_asks_no_more_questions(site: Site) -> None:
    numbers = list(ShoeImage.objects.values_list("pk", flat=True))
    counts = []
    for some in (numbers[:1], numbers[:4]):
        with CaptureQueriesContext(connection) as queries:
            address = "/?q=shoe" + "".join(f"&like={number}" for number in some)
            assert site.client.get(address).status_code == 200
        counts.append(len(queries))
    assert counts[1] <= counts[0]


def test_views_of_one_shoe_are_sent_together_and_one_by_one(site: Site) -> None:
    sent = site.client.post("/", {"file": [upload(jpeg("red")), upload(jpeg("blue"))]})
    assert sent["Location"].count("photo=") == 2
    tokens = re.findall(r"photo=([\w-]+)", sent["Location"])
    more = site.client.post("/", {"photo": tokens, "more": upload(jpeg("green"))})
    assert re.findall(r"photo=([\w-]+)", more["Location"])[:2] == tokens
    page = site.client.get(more["Location"])
    assert "Your photo 3 of 3" in page.content.decode()
    assert "Add a view" in text(page)
    removed = re.findall(
        r'href="([^"]*)"[^>]*aria-label="Remove the photo 1"', page.content.decode()
    )
    assert removed[0].count("photo=") == 2
    full = {"photo": tokens, "more": [upload(jpeg("green"))] * 4}
    refused = site.client.post("/", full)
    assert (refused.status_code, "up to 5 photos" in text(refused)) == (400, True)
    replaced = site.client.post("/", {"photo": tokens, "crop": "0,0,0.5,1", "like": "1",
                                      "file": upload(jpeg("green"))})  # fmt: skip
    assert re.fullmatch(r"/\?photo=[\w-]+", replaced["Location"])


def test_an_expired_view_is_left_out_by_one_click(site: Site) -> None:
    sent = site.client.post("/", {"file": [upload(jpeg("red")), upload(jpeg("blue"))]})
    first, second = re.findall(r"photo=([\w-]+)", sent["Location"])
    QueryPhoto.objects.filter(token=first).delete()
    gone = site.client.get(sent["Location"])
    assert gone.status_code == 410
    assert links(gone, "Search without the photo") == [f"/?photo={second}"]


def test_the_api_takes_all_of_it(site: Site) -> None:
    sent = site.client.post("/api/v1/search", {"file": [upload(jpeg("red")), upload(jpeg("blue"))]})
    found = sent.json()
    assert found["query"].count("photo=") == 2
    first = found["results"][0]
    tokens = re.findall(r"photo=([\w-]+)", found["query"])
    body = {"photo": tokens, "unlike": [first["photo"]["id"]], "crop": "0,0,0.9,0.9"}
    refined = site.client.post("/api/v1/search", json.dumps(body), content_type="application/json")
    assert first["shoe"]["id"] not in {r["shoe"]["id"] for r in refined.json()["results"]}
    assert "crop=0%2C0%2C0.9%2C0.9" in refined.json()["query"]
    assert "unlike" in refined.json()["results"][0]["why"]
    one = {"photo": tokens[0], "like": [first["photo"]["id"]]}
    assert site.client.get("/api/v1/search", one).status_code == 200
    many = {"file": [upload(jpeg())] * 6}
    assert site.client.post("/api/v1/search", many).status_code == 400


def test_the_command_takes_all_of_it(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for colour in ("red", "blue"):
        (tmp_path / colour).write_bytes(jpeg(colour))
    asked = ["find", str(tmp_path / "red"), "--photo", str(tmp_path / "blue"), "--json"]
    call_command(*asked)
    first = json.loads(capsys.readouterr().out)["results"][0]
    call_command(*asked, "--crop=0,0,0.9,0.9", f"--unlike={first['image']}")
    after = json.loads(capsys.readouterr().out)["results"]
    assert first["shoe"] not in {row["shoe"] for row in after}
    assert Colorway.objects.filter(pk=first["shoe"]).exists()
    assert not QueryPhoto.objects.exists()
    with pytest.raises(CommandError, match="frame around the shoe"):
        call_command("find", "", "red", "--crop=1,2")
