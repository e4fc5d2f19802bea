"""Image search: questions, answers, and a whole run against a folder that a server serves."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.http import Response

from catalog.models import Colorway, Listing, ShoeImage
from crawler.exceptions import SourceInvalid
from crawler.imagesearch.plans import Wanted, models_of_catalog, models_of_table, queries_of
from crawler.imagesearch.providers import (
    PAUSE_SECONDS,
    DdgsProvider,
    FolderProvider,
    ImageHit,
    ProviderFailed,
    hits_dump,
    hits_load,
    hits_of,
    searxng_hits,
    searxng_url,
)
from crawler.scraping.places import GiveBack
from crawler.scraping.spiders.imagesearch import ASKS, ProviderMiddleware
from crawler.selectors.searches import model_searches
from crawler.services import crawl_source_ensure
from tests.catalog.photos import photo_bytes
from tests.crawler.conftest import Pages, crawl, kinds
from tests.factories import (
    ColorwayFactory,
    ShoeImageFactory,
    ShoeModelAliasFactory,
    ShoeModelFactory,
)


def test_a_models_photos_are_shared_out_among_its_questions() -> None:
    models = [
        Wanted(brand="Karo", model="Wave", aliases=("Karo W", "Wavy"), popular=True),
        Wanted(brand="Vento", model="Breeze"),
    ]
    queries = queries_of(models, suffixes=("none", "used"), photos=9, photos_popular=40)
    assert [(query.words, query.share) for query in queries] == [
        ("Karo Wave", 10), ("Karo Wave used", 10), ("Karo W", 10), ("Karo Wavy", 10),
        ("Vento Breeze", 5), ("Vento Breeze used", 5),
    ]  # fmt: skip


def test_a_list_of_models_is_read_and_its_faults_are_named() -> None:
    models = models_of_table("brand,model,aliases,popular\nKaro,Wave,W1; W2,yes\nVento,Breeze,,")
    assert models[0] == Wanted(brand="Karo", model="Wave", aliases=("W1", "W2"), popular=True)
    assert not models[1].popular
    with pytest.raises(SourceInvalid, match="model"):
        models_of_table("brand,name\nKaro,Wave")
    with pytest.raises(SourceInvalid, match="Line 2"):
        models_of_table("brand,model\n,Wave")


@pytest.mark.django_db
def test_the_catalogs_models_are_asked_for_with_their_aliases() -> None:
    model = ShoeModelFactory(brand__name="Karo", name="Wave")
    ShoeModelAliasFactory(model=model, name="Wavy")
    ShoeModelFactory(brand=model.brand, name="Old", merged_into=model)
    assert models_of_catalog() == [Wanted(brand="Karo", model="Wave", aliases=("Wavy",))]
    assert models_of_catalog(brands=["Vento"]) == []


@pytest.mark.django_db
def test_views_that_no_photo_of_a_model_shows_are_asked_for() -> None:
    model = ShoeModelFactory(brand__name="Karo", name="Wave")
    colorway = ColorwayFactory(model=model)
    for view in ("lateral", "pair", ""):
        ShoeImageFactory(colorway=colorway, view=view, with_file=False)
    ShoeImageFactory(colorway=colorway, view="sole", status="rejected", with_file=False)
    models = models_of_catalog(missing_views=True)
    words = [one.words for one in queries_of(models, suffixes=[], photos=8, photos_popular=8)]
    assert words == ["Karo Wave", "Karo Wave top view", "Karo Wave outsole", "Karo Wave on feet"]


def test_full_photos_are_taken_from_answers_and_nothing_else() -> None:
    hits = hits_of([
        {"image": "https://a.example/1.jpg", "thumbnail": "https://t.example/1.jpg", "width": "900",
         "url": "https://a.example/page", "title": "One", "height": 600, "license": "CC BY"},
        {"image": "javascript:alert(1)", "url": "https://a.example/"},
        {"image": None, "thumbnail": "https://t.example/2.jpg"},
        {"image": "//b.example/3.jpg", "url": "", "width": "wide"},
    ])  # fmt: skip
    assert [hit.image_url for hit in hits] == ["https://a.example/1.jpg", "https://b.example/3.jpg"]
    assert (hits[0].width, hits[0].height, hits[0].licence) == (900, 600, "CC BY")
    assert hits[1].page_url == "https://b.example/3.jpg"
    assert hits_load(hits_dump(hits)) == hits


def test_searxng_is_asked_and_understood() -> None:
    url = searxng_url("https://s.example/x", "Karo Wave", page=2, language="de")
    assert url.startswith("https://s.example/x/search?q=Karo+Wave&categories=images&format=json")
    answer = {"results": [{"img_src": "https://a.example/1.jpg", "url": "https://a.example/p",
                           "resolution": "900 x 600"}, "?"]}  # fmt: skip
    (hit,) = searxng_hits(json.dumps(answer))
    assert (hit.width, hit.height) == (900, 600)
    with pytest.raises(ProviderFailed, match="formats"):
        searxng_hits("<html>")


def test_a_folder_answers_by_the_words_of_its_paths(tmp_path: Path) -> None:
    (tmp_path / "karo wave").mkdir()
    (tmp_path / "karo wave" / "used 1.jpg").write_bytes(b"")
    (tmp_path / "karo wave" / "2.jpg").write_bytes(b"")
    folder = FolderProvider(tmp_path, "http://127.0.0.1:9/")
    assert len(folder.search("Karo Wave", page=1, language="")) == 2
    (hit,) = folder.search("Karo Wave used", page=1, language="")
    assert hit.image_url == "http://127.0.0.1:9/karo%20wave/used%201.jpg"
    assert folder.search("Karo Wave", page=2, language="") == []
    with pytest.raises(ProviderFailed):
        FolderProvider(tmp_path / "gone", "http://x/").search("a", page=1, language="")


class CountedPlaces:
    """Places that remember who took one and who gave it back."""

    def __init__(self) -> None:
        self.told: list[object] = []

    async def take(self, host: str, *, allowed: int, delay: float) -> GiveBack:
        self.told.append((host, allowed, delay))
        return lambda: self.told.append("given back")

    async def close(self) -> None:
        self.told.append("closed")


def asked(provider: str, folder: Path, places: CountedPlaces) -> Response | None:
    asks = {"provider": provider, "folder": str(folder), "seed": "http://127.0.0.1:9/",
            "words": "Karo Wave", "page": 1, "language": ""}  # fmt: skip
    request = Request("https://duckduckgo.com/?q=x", meta={ASKS: asks})
    return asyncio.run(ProviderMiddleware(places).process_request(request))


def test_a_question_to_an_engine_takes_a_place_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    places, place = CountedPlaces(), ("www.bing.com", 1, PAUSE_SECONDS)

    def answer(self: DdgsProvider, words: str, *, page: int, language: str) -> list[ImageHit]:
        assert places.told == [place]
        return []

    def refuse(self: DdgsProvider, words: str, *, page: int, language: str) -> list[ImageHit]:
        raise ProviderFailed("Not now.")

    monkeypatch.setattr(DdgsProvider, "search", answer)
    response = asked("bing", tmp_path, places)
    assert response is not None
    assert (response.status, places.told) == (200, [place, "given back"])

    monkeypatch.setattr(DdgsProvider, "search", refuse)
    response = asked("bing", tmp_path, places)
    assert response is not None
    assert (response.status, places.told) == (503, [place, "given back"] * 2)

    # A folder is nobody's server.
    asked("folder", tmp_path, places)
    assert len(places.told) == 4


@pytest.mark.crawl
def test_a_plan_brings_photos_of_each_model_once(
    warm: None, pages_at: Pages, tmp_path: Path
) -> None:
    names = ["karo-wave/1.jpg", "karo-wave/used-2.jpg", "vento-breeze/3.jpg",
             "vento-breeze/karo-wave-4.jpg"]  # fmt: skip
    pages = {}
    for seed, name in enumerate(names, start=1):
        (tmp_path / "found" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "found" / name).write_bytes(b"")
        pages[f"/{name}"] = (200, {"Content-Type": "image/jpeg"}, photo_bytes(seed))
    server = pages_at(pages)
    source = crawl_source_ensure(
        name="Search", seeds=[f"{server.base_url}/"], delay=0.0, spider="imagesearch",
        params={
            "provider": "folder", "folder": str(tmp_path / "found"), "suffixes": ["none", "used"],
            "models": ["brand,model", "Karo,Wave", "Vento,Breeze"], "photos": 10,
        },
    )  # fmt: skip
    run = crawl(source)
    photos = ShoeImage.objects.values_list("sources__url", "colorway__model__name")
    shown = {url.rpartition("/")[2]: model for url, model in photos}
    # Both models' searches find the last one: whichever answers first has it, once.
    assert shown.pop("karo-wave-4.jpg") in {"Wave", "Breeze"}
    assert shown == {"1.jpg": "Wave", "used-2.jpg": "Wave", "3.jpg": "Breeze"}
    assert Listing.objects.filter(url__contains="#photo-").count() == 4
    assert kinds(run).get("two-models") == 1
    # What a search engine finds tells a model and no more.
    assert set(Colorway.objects.values_list("style_code", "name")) == {("", "")}
    told = {one.model: one for one in model_searches(source)}
    assert {one.state for one in told.values()} == {"exhausted"}
    assert sum(one.found for one in told.values()) == sum(one.kept for one in told.values()) == 4
    again = crawl(source)
    assert again.photos_new == 0
    assert ShoeImage.objects.count() == 4
