"""Sources compared with what they brought: alarms, kept pages, the dashboard, and reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone

from catalog.models import ImageSource, Listing
from crawler.models import CrawlRun, CrawlSource, SourceAlarm
from crawler.plots import Plot, Series, number
from crawler.selectors import growth_plots, run_plots, sources_health
from crawler.services import crawl_source_ensure, source_alarm_close
from crawler.services.health import expected_fields, source_compare
from crawler.views import SALT, report_path
from tests.crawler.conftest import Pages, crawl, kinds, product_html, source_of
from tests.factories import ListingFactory, ShoeImageFactory

Status = CrawlRun.Status
FULL = {"read": 100, "brand": 100, "price": 100, "colour": 60, "photo": 95}


@pytest.fixture
def source(db: None) -> CrawlSource:
    return crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])


def ended(source: CrawlSource, **values: Any) -> CrawlRun:
    now = timezone.now()
    run: CrawlRun = CrawlRun.objects.create(
        source=source, trigger="admin",
        **{"status": Status.DONE, "complete": True, "pages": 110, "products": 100, "errors": 1,
           "started_at": now, "finished_at": now, "field_counts": FULL, **values},
    )  # fmt: skip
    return run


def drift(source: CrawlSource, **values: Any) -> set[str]:
    return {alarm.kind for alarm in source_compare(run=ended(source, **values))}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, set()),
        ({"products": 49}, {"products"}),
        ({"products": 49, "complete": False}, set()),
        ({"errors": 30}, {"errors"}),
        ({"field_counts": FULL | {"price": 40}}, {"field-price"}),
        ({"field_counts": FULL | {"price": 60, "colour": 20}}, {"field-colour"}),
        ({"field_counts": {"read": 9, "price": 0}}, set()),
        ({"field_counts": {"read": 5, "price": 5, "lost": 3}}, {"pages"}),
        ({"field_counts": {"read": 50, "lost": 10, "brand": 50, "price": 50, "colour": 50,
                           "photo": 50}}, set()),
    ],
)  # fmt: skip
def test_what_counts_as_drift(source: CrawlSource, values: dict[str, Any], told: set[str]) -> None:
    for _ in range(2):
        ended(source)
    # No witness of what is usual: a dry run, and one that was not complete.
    ended(source, products=0, is_dry_run=True)
    ended(source, products=0, complete=False)

    assert drift(source, **values) == told


def test_of_a_first_run_nothing_is_expected(source: CrawlSource) -> None:
    assert drift(source, products=0, field_counts={}) == set()


def test_an_alarm_is_raised_once_and_closes_when_all_is_well(source: CrawlSource) -> None:
    ended(source)
    bad = {"products": 10}
    assert drift(source, **bad) == drift(source, **bad) == {"products"}
    alarm = SourceAlarm.objects.get()
    assert alarm.run == source.runs.latest("pk")

    assert drift(source) == set()

    alarm.refresh_from_db()
    assert alarm.closed_at is not None


def test_an_alarm_that_was_closed_by_hand_comes_back(source: CrawlSource) -> None:
    ended(source)
    drift(source, products=10)
    source_alarm_close(alarm=SourceAlarm.objects.get())
    assert drift(source, products=10) == {"products"}
    assert SourceAlarm.objects.count() == 2


def test_fields_that_nearly_all_had_are_expected(source: CrawlSource) -> None:
    assert expected_fields(source) == set()
    ended(source)
    assert expected_fields(source) == {"brand", "price", "photo"}


@pytest.mark.crawl
def test_a_shop_that_changed_its_layout_raises_an_alarm(
    warm: None, pages_at: Pages, admin_client: Client
) -> None:
    names = [f"S{n}" for n in range(12)]
    front = "".join(f'<a href="/{name}">{name}</a>' for name in names)
    offers = {"@type": "Offer", "price": "90", "priceCurrency": "EUR"}
    shop = pages_at({"/": (200, {"ETag": '"f"'}, front)})
    for name in names:
        body = product_html(name, sku=name, offers=offers)
        shop.pages[f"/{name}"] = (200, {"ETag": f'"{name}"'}, body)
    source = source_of(shop)
    assert crawl(source).field_counts["price"] == 12
    for name in names:
        shop.pages[f"/{name}"] = (200, {"ETag": f'"{name}-2"'}, f"<script>new {name}</script>")

    run = crawl(source)

    told = {alarm.kind for alarm in SourceAlarm.objects.filter(closed_at=None)}
    assert (told, run.field_counts["lost"]) == ({"products", "pages"}, 12)
    assert (run.listings_missing, kinds(run)["vanish-check-skipped"]) == (0, 1)
    page = admin_client.get(f"/admin/crawler/crawlsource/{source.pk}/pages/").content.decode()
    assert "&lt;script&gt;new S" in page
    assert "priceCurrency" in page
    assert not Listing.objects.exclude(missing_since=None).exists()


def test_the_dashboard_shows_who_needs_somebody_first(
    source: CrawlSource, admin_client: Client
) -> None:
    fine = crawl_source_ensure(name="Fine", seeds=["https://fine.example/"])
    late = crawl_source_ensure(name="Late", seeds=["https://late.example/"])
    CrawlSource.objects.filter(pk=late.pk).update(schedule="daily")
    long_ago = timezone.now() - timedelta(days=4)
    ended(late, started_at=long_ago, finished_at=long_ago)
    ended(fine)
    ended(source)
    ended(source, status=Status.FAILED, complete=False, error="The shop cannot be reached.")
    ended(fine, status=Status.FAILED, is_dry_run=True)

    states = [(one.source.name, one.state) for one in sources_health()]
    page = admin_client.get("/admin/crawler/crawlsource/dashboard/?days=90")

    assert states == [("Shop", "bad"), ("Late", "warning"), ("Fine", "good")]
    assert "The shop cannot be reached." in page.content.decode()
    assert b"<style" not in page.content
    assert b"style=" not in page.content


def test_an_alarm_is_closed_on_the_dashboard(source: CrawlSource, admin_client: Client) -> None:
    ended(source)
    drift(source, products=1)
    alarm = SourceAlarm.objects.get()
    where = f"/admin/crawler/crawlsource/alarms/{alarm.pk}/close/"
    assert admin_client.get(where).status_code == 405
    assert admin_client.post(where, follow=True).status_code == 200
    alarm.refresh_from_db()
    assert alarm.closed_at is not None


def test_the_dashboard_is_not_for_everybody(client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_user("staff", is_staff=True))
    assert client.get("/admin/crawler/crawlsource/dashboard/").status_code == 403


@pytest.mark.usefixtures("source")
def test_growth_over_time_leaves_out_dry_runs(source: CrawlSource) -> None:
    ended(source, products=7)
    ended(source, products=1000, is_dry_run=True)
    plots = {plot.title: plot for plot in growth_plots(days=30)}
    assert sum(plots["Products met a day"].series[0].values) == 7
    assert all(len(one.values) == 30 for plot in plots.values() for one in plot.series)


def test_a_photo_that_two_pages_of_a_shop_show_takes_its_room_once(source: CrawlSource) -> None:
    photo = ShoeImageFactory.create(with_file=False)
    for place in range(2):
        ImageSource.objects.create(
            image=photo, listing=ListingFactory.create(retailer=source.retailer),
            url=f"https://shop.example/{place}.jpg", url_sha256=f"{place:064}",
        )  # fmt: skip

    (health,) = sources_health()

    assert health.photo_bytes == photo.byte_size > 0


def test_a_report_is_read_by_whoever_has_its_address(
    source: CrawlSource, client: Client, settings: Any
) -> None:
    ended(source)
    run = ended(source, products=321)
    run.error_kinds.create(kind="timeout", count=3, examples=[{"url": "u", "message": "<slow>"}])
    where = report_path(run)

    page = client.get(where).content.decode()
    assert "321" in page
    assert "&lt;slow&gt;" in page
    file = client.get(where, {"file": "1"})
    assert "attachment" in file["Content-Disposition"]
    assert "<link" not in file.content.decode()
    assert "<script" not in file.content.decode()
    assert client.get(where[:-2] + "/").status_code == 404
    settings.SHOEFINDER_REPORT_DAYS = -1
    assert client.get(where).status_code == 410
    settings.SHOEFINDER_REPORT_DAYS = 30
    gone = signing.dumps(run.pk + 1, salt=SALT)
    assert client.get(f"/crawls/report/{gone}/").status_code == 404


def test_a_plot_says_what_it_shows(source: CrawlSource) -> None:
    days = [timezone.localdate() - timedelta(days=n) for n in (2, 1, 0)]
    plot = Plot("Photos", days, [Series("photos", [0, 1500, 700])])
    assert plot.words == "Photos: photos from 0 to 700, at most 1.5k."
    assert [label for _, label in plot.ticks] == ["0", "1k", "2k"]
    assert [row[1] for row in plot.rows] == [["700"], ["1.5k"]]
    assert len(plot.drawn[0].line.split()) == 3
    assert Plot("Empty", [], [Series("none", [])]).words == "Empty: nothing yet."
    assert (number(2_500_000), number(0.25)) == ("2.5M", "0.25")
    assert run_plots(source) == []
