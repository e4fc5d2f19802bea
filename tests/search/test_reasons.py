"""Why an answer is there: numbers, wishes, near-duplicates, the gap, words to refine by, where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from typing import Any

import numpy as np
import pytest
from PIL import Image

from catalog.models import Colorway, ShoeImage
from search import Query, QueryError, search
from search.edits import term_make
from search.fusion import Language, Statistics
from search.heat import heats, likeness
from search.queries import query_photo_create
from search.reasons import reason_of
from search.suggestions import refine_words
from search.types import Patches
from tests.fakes import FakeEncoder
from tests.search.encoders.contract import drawn_shoe
from tests.search.shelf import Shelf, png
from tests.search.site import Site, jpeg, text

pytestmark = pytest.mark.django_db
GRID = 8


class PatchedEncoder(FakeEncoder):
    """The fake one, with mean colours of squares as its feature map."""

    gives_patches = True

    def encode_patches(self, images: Sequence[Image.Image]) -> Patches:
        size = (GRID, GRID)
        shrunk = [image.resize(size, Image.Resampling.BOX) for image in images]
        rows = [np.asarray(one, np.float32) / 255 for one in shrunk]
        return np.array(rows, np.float32).reshape(-1, GRID, GRID, 3)


@pytest.fixture
def patched(site: Site, settings: Any) -> Site:
    """The site, its encoder one that gives patches and the same vectors."""
    settings.SHOEFINDER_ENCODERS = {
        name: {**spec, "BACKEND": f"{__name__}.PatchedEncoder"}
        for name, spec in settings.SHOEFINDER_ENCODERS.items()
    }
    return site


def corner(colour: str, place: tuple[int, int]) -> Image.Image:
    """A square of a colour on white; ``place`` counts in squares of the grid."""
    picture = Image.new("RGB", (160, 160), "white")
    picture.paste(colour, (20 * place[0], 20 * place[1], 20 * place[0] + 40, 20 * place[1] + 40))
    return picture


def test_what_both_photos_show_is_warm_and_their_ground_is_not() -> None:
    first = corner("red", (1, 1))
    first.paste("blue", (100, 100, 140, 140))
    maps = PatchedEncoder().encode_patches([first, corner("red", (4, 3))])
    one, other = heats(maps)
    assert one[1:3, 1:3].min() == pytest.approx(1.0)
    assert other[3:5, 4:6].min() == pytest.approx(1.0)
    assert one[5:7, 5:7].max() < 0.6
    assert one[0].max() == other[0].max() == pytest.approx(0.0, abs=1e-5)


def test_two_blank_photos_have_no_warm_place() -> None:
    one, other = heats(np.ones((2, GRID, GRID, 3), np.float32))
    assert float(one.max()) == float(other.max()) == 0.0


def test_likeness_draws_both_photos() -> None:
    shelf = Shelf()
    colorway = shelf.colorway("red")
    shelf.publish()
    image = ShoeImage.objects.get(colorway=colorway)
    token = query_photo_create(png(drawn_shoe("red", size=(1000, 700)))).token
    encoder = PatchedEncoder()
    found = likeness(Query(photo=token), image.pk, encoder=encoder)
    assert max(found.asked.size) == 480
    assert max(found.answer.size) == min(480, max(image.width, image.height))
    # The shoe glows, the corner stays pale.
    hottest = np.unravel_index(found.asked_heat.argmax(), found.asked_heat.shape)
    assert 0 < hottest[0] < GRID - 1
    assert found.asked.getpixel((2, 2)) == (255, 255, 255)
    liked = likeness(Query(words="red", like=(image.pk,)), image.pk, encoder=encoder)
    assert liked.asked_heat.max() == pytest.approx(1.0)
    for query, message in ((Query(words="red"), "made by words"),):
        with pytest.raises(QueryError, match=message):
            likeness(query, image.pk, encoder=encoder)
    with pytest.raises(QueryError, match="no such photo"):
        likeness(Query(photo=token), 10**9, encoder=encoder)
    with pytest.raises(QueryError, match="encoder cannot tell"):
        likeness(Query(photo=token), image.pk, encoder=FakeEncoder())


def test_the_page_shows_where_with_a_script_and_without(patched: Site) -> None:
    address = patched.photo_sent(jpeg("red"))
    page = patched.client.get(address).content.decode()
    where = unescape(re.findall(r'href="(/where/[^"]*)"', page)[0])
    alone = patched.client.get(where)
    assert alone.content.decode().count("data:image/jpeg;base64,") == 2
    assert f'href="{address}"' in alone.content.decode()
    part = patched.client.get(where, headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    assert part.content.count(b"data:image/jpeg") == 2
    gone = patched.client.get("/where/99999/?photo=gone", headers={"HX-Request": "true"})
    assert (gone.status_code, gone["X-Told"]) == (410, "1")
    assert "/where/" not in patched.client.get("/?q=red").content.decode()


def test_an_encoder_without_patches_offers_no_map(site: Site) -> None:
    assert "/where/" not in site.client.get(site.photo_sent(jpeg("red"))).content.decode()


def test_each_answer_tells_its_numbers_and_wishes(site: Site) -> None:
    answer = site.client.get(site.photo_sent(jpeg("red"), q="same brand but blue"))
    told = text(answer)
    assert re.search(r"Why\? \d of 2 wishes", told)
    assert "Change colour blue: as wished" in told
    assert re.search(r"Like the photo -?[\d.]+ Like the words \+?-?[\d.]+", told)
    assert re.search(r"\d+ % close", told)


def test_programs_are_told_the_same(site: Site) -> None:
    asked = {"q": "keep brand acme but blue"}
    found = site.client.get("/api/v1/search", asked).json()
    first = found["results"][0]
    assert sum(first["why"].values()) == pytest.approx(first["score"], abs=1e-4)
    stands = {(wish["attribute"], wish["standing"]) for wish in first["wishes"]}
    assert ("colour", "yes") in stands
    assert 0 <= first["closeness"] <= 1
    assert first["alike"] == 0
    assert found["gap_after"] is None or found["gap_after"] < len(found["results"])
    assert found["refine_words"]


def test_shares_add_up_or_multiply() -> None:
    shelf = Shelf()
    for colour in ("red", "blue", "green"):
        shelf.colorway(colour)
    shelf.publish()
    token = query_photo_create(png(drawn_shoe("red"))).token
    query = Query(photo=token, words="but blue and fluffy")
    for fusion in ("mixture", "sum", "product"):
        page = search(query, encoder=shelf.encoder, store=shelf.store, fusion=fusion)
        for result in page.results:
            values = [share for _, share in reason_of(result).shares]
            assert reason_of(result).adds_up == (fusion != "product")
            whole = np.prod(values) if fusion == "product" else sum(values)
            assert whole == pytest.approx(result.score, abs=1e-5)


def test_a_standing_is_told_in_words() -> None:
    shelf = Shelf()
    shelf.colorway("red")
    shelf.publish()
    (result,) = search(Query(words="red"), encoder=shelf.encoder, store=shelf.store).results
    terms = tuple(
        (term_make("keep", name, value), standing)
        for name, value, standing in (
            ("brand", None, "yes"), ("closure", "laces", "no"), ("sole", "gum", "unknown"),
        )
    )  # fmt: skip
    reason = reason_of(replace(result, terms=terms, closeness=0.347, alike=2))  # type: ignore[arg-type]
    assert [(s.label, s.words) for s in reason.standings] == [
        ("keep the same brand", "as wished"),
        ("keep closure laces", "not as wished"),
        ("keep sole gum", "not known"),
    ]
    assert (reason.met, reason.percent, reason.alike) == (1, 35, 2)


def hashed(colorway: Colorway, *hashes: int) -> None:
    for image, value in zip(colorway.images.order_by("pk"), hashes, strict=True):
        ShoeImage.objects.filter(pk=image.pk).update(perceptual_hash=f"{value:016x}")


@pytest.mark.parametrize(
    ("hashes", "alike"),
    [((0, 0b1111, 0b11), 2), ((0, 0b11111, 1 << 40), 1), ((0, 0xFF, 0xFF00), 0)],
)
def test_nearly_the_same_photos_are_shown_once(hashes: tuple[int, ...], alike: int) -> None:
    shelf = Shelf()
    colorway = shelf.colorway("red", photos=3)
    other = shelf.colorway("blue")
    hashed(colorway, *hashes)
    hashed(other, 0)  # the same picture of another shoe is another answer
    shelf.publish()
    token = query_photo_create(png(drawn_shoe("red"))).token
    page = search(Query(photo=token), encoder=shelf.encoder, store=shelf.store)
    first = page.results[0]
    assert len(page.results) == 2
    assert (first.alike, len(first.others)) == (alike, 2 - alike)


def test_photos_without_a_hash_are_all_shown() -> None:
    shelf = Shelf()
    shelf.colorway("red", photos=3)
    shelf.publish()
    ShoeImage.objects.update(perceptual_hash="")
    page = search(Query(words="red"), encoder=shelf.encoder, store=shelf.store)
    assert (page.results[0].alike, len(page.results[0].others)) == (0, 2)


def test_where_likeness_drops_is_marked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found = search(Query(words="red"), encoder=site.shelf.encoder, store=site.shelf.store)
    monkeypatch.setattr(
        "search.views.search", lambda query, per_page: replace(found, query=query, gap_after=2)
    )
    page = site.client.get("/?q=red").content.decode()
    before, after = page.split("Less similar from here")
    assert before.count("<article") == 2
    assert after.count("<article") == 3


AXES = np.eye(4, dtype=np.float32)
LANGUAGE = Language(
    colours=AXES[:1], subjects=AXES[:2], styles=AXES[2:], words=("boot", "sandal", "shiny", "old")
)
CATALOG = Statistics(np.tile(AXES, (8, 1)))


def test_words_that_tell_the_answers_apart_are_offered() -> None:
    shown = np.array([[1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], np.float32)
    assert refine_words(shown, language=LANGUAGE, catalog=CATALOG)[0] == "boot"
    assert "old" not in refine_words(shown, language=LANGUAGE, catalog=CATALOG)
    assert "boot" not in refine_words(shown, language=LANGUAGE, catalog=CATALOG, said="a boot")
    assert refine_words(shown[:3], language=LANGUAGE, catalog=CATALOG) == ()


def test_words_that_say_the_same_are_offered_once() -> None:
    shown = np.array([[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]], np.float32)
    assert set(refine_words(shown, language=LANGUAGE, catalog=CATALOG)) == {"boot", "shiny"}


def test_offered_words_join_what_was_said(site: Site) -> None:
    page = site.client.get("/?q=red").content.decode()
    nav = re.search(r'aria-label="Refine by words".*?</nav>', page, re.DOTALL)
    assert nav
    address = unescape(re.findall(r'href="([^"]*)"', nav.group())[0])
    assert address.startswith("/?q=red%2C+")
    assert site.client.get(address).status_code == 200
    corrected = site.client.get("/?q=red&chip=change:colour:blue").content.decode()
    nav = re.search(r'aria-label="Refine by words".*?</nav>', corrected, re.DOTALL)
    assert nav
    kept = unescape(re.findall(r'href="([^"]*)"', nav.group())[0])
    assert "chip=change%3Acolour%3Ablue" in kept
