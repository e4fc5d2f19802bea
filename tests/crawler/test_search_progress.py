"""How an image search stands, model by model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog.models import ImageStatus
from crawler.models import CrawlRun, CrawlSource
from crawler.scraping.frontier import Frontier
from crawler.selectors.searches import ModelSearch, model_searches
from crawler.services import crawl_source_ensure
from crawler.types import FRONTIER
from tests.factories import (
    ColorwayFactory,
    ImageSourceFactory,
    ListingFactory,
    ShoeImageFactory,
    ShoeModelFactory,
)

pytestmark = pytest.mark.django_db
Status = CrawlRun.Status


@pytest.fixture
def source(settings: Any, tmp_path: Path) -> CrawlSource:
    settings.VAR_DIR = tmp_path
    return crawl_source_ensure(
        name="Search", seeds=["https://searx.example/"], spider="imagesearch",
        params={"models": ["brand,model,popular", "Karo,Wave,yes", "Vento,Breeze,"],
                "suffixes": ["none", "used"], "photos": 2, "photos_popular": 4},
    )  # fmt: skip


def found(source: CrawlSource, brand: str, name: str, statuses: list[tuple[str, str]]) -> None:
    colorway = ColorwayFactory.create(model=ShoeModelFactory.create(brand__name=brand, name=name))
    for number, (status, reason) in enumerate(statuses):
        listing = ListingFactory.create(
            retailer=source.retailer, colorway=colorway,
            url=f"https://blog.example/{name}#photo-{number}",
        )  # fmt: skip
        if status:
            image = ShoeImageFactory.create(
                colorway=colorway, status=status, rejection=reason, with_file=False
            )
            ImageSourceFactory.create(image=image, listing=listing)


def run_with(source: CrawlSource, waiting: list[tuple[str, str]], **fields: Any) -> CrawlRun:
    run = CrawlRun.objects.create(source=source, trigger="admin", pages=1, **fields)
    frontier = Frontier(run.directory / FRONTIER)
    frontier.mark_seen(b"robots")
    for brand, model in waiting:
        query = {"brand": brand, "model": model}
        frontier.add(priority=0, content={"meta": {"query": query}})
    frontier.add(priority=0, content={"meta": {}})
    frontier.commit()
    frontier.close()
    return run


def states(source: CrawlSource) -> dict[str, ModelSearch]:
    return {one.model: one for one in model_searches(source)}


def test_a_plan_that_was_not_started(source: CrawlSource) -> None:
    told = states(source)
    assert [(one.wanted, one.questions, one.left) for one in told.values()] == [
        (4, 2, 2), (2, 2, 2),
    ]  # fmt: skip
    assert {one.state for one in told.values()} == {"waiting"}


def test_what_was_found_kept_rejected_and_is_left(source: CrawlSource) -> None:
    accepted, rejected = ImageStatus.ACCEPTED, ImageStatus.REJECTED
    found(source, "Karo", "Wave", [(accepted, ""), (rejected, "box"), (rejected, "box"), ("", "")])
    found(source, "Vento", "Breeze", [(accepted, ""), (accepted, "")])
    run = run_with(source, [("Karo", "Wave")], status=Status.INTERRUPTED)
    told = states(source)
    wave = told["Wave"]
    assert (wave.found, wave.kept, wave.rejected, wave.left, wave.state) == (
        4, 1, {"box": 2}, 1, "asking",
    )  # fmt: skip
    assert (told["Breeze"].left, told["Breeze"].state) == (0, "full")
    (run.directory / FRONTIER).write_bytes(b"damaged")
    assert states(source)["Wave"].state == "cut"
    (run.directory / FRONTIER).unlink()
    CrawlRun.objects.update(status=Status.DONE, complete=True)
    assert states(source)["Wave"].state == "exhausted"


def test_the_page_is_sorted_filtered_and_costs_the_same_for_many(
    client: Client, admin_user: User, source: CrawlSource, django_assert_max_num_queries: Any
) -> None:
    client.force_login(admin_user)
    address = reverse("admin:crawler_crawlsource_models", args=[source.pk])
    many = [f"Karo,Model {number:03},{'yes' if number == 70 else ''}" for number in range(120)]
    CrawlSource.objects.update(params=source.params | {"models": ["brand,model,popular", *many]})
    found(source, "Karo", "Model 101", [(ImageStatus.REJECTED, "collage")])
    with django_assert_max_num_queries(12):
        page = client.get(address, {"sort": "-rejected"})
    assert page.context["page"].object_list[0].model == "Model 101"
    assert "collage: 1" in page.content.decode()
    page = client.get(address, {"sort": "-wanted", "page": "3"})
    assert len(page.context["page"].object_list) == 20
    assert client.get(address, {"state": "full"}).context["page"].object_list == []
    source.refresh_from_db()
    change = reverse("admin:crawler_crawlsource_change", args=[source.pk])
    assert address in client.get(change).content.decode()
    run = run_with(source, [], status=Status.DONE)
    assert address in client.get(run.get_absolute_url()).content.decode()


def test_a_shop_has_no_such_page_and_a_bad_list_is_told(
    client: Client, admin_user: User, source: CrawlSource
) -> None:
    client.force_login(admin_user)
    shop = crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])
    address = "admin:crawler_crawlsource_models"
    assert client.get(reverse(address, args=[shop.pk])).status_code == 404
    CrawlSource.objects.filter(pk=source.pk).update(params={"models": ["brand,model", "Karo,"]})
    page = client.get(reverse(address, args=[source.pk])).content.decode()
    assert "Line 2" in page
