"""Crawls in the admin: sources are checked, started, watched, cancelled and resumed."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from crawler.admin.sources import CrawlSourceAdmin
from crawler.kinds import Kind, kinds_all
from crawler.kinds.base import parameters
from crawler.models import CrawlError, CrawlRun, CrawlSource
from crawler.selectors import run_log_tail
from crawler.services import crawl_source_ensure
from crawler.types import Preview

pytestmark = pytest.mark.django_db

SOURCES = "admin:crawler_crawlsource_changelist"
ADD = "admin:crawler_crawlsource_add"
Status = CrawlRun.Status


@pytest.fixture
def source() -> CrawlSource:
    return crawl_source_ensure(name="Shop", seeds=["https://shop.example/"])


@pytest.fixture
def run(source: CrawlSource, settings: Any, tmp_path: Path) -> CrawlRun:
    settings.VAR_DIR = tmp_path
    run = CrawlRun.objects.create(
        source=source, trigger="admin", status=Status.RUNNING, pages=12, products=1234, waiting=5
    )
    CrawlError.objects.create(
        run=run,
        kind="http-404",
        count=3,
        examples=[{"url": "https://shop.example/<x>", "message": "The shop answered 404."}],
    )
    run.directory.mkdir(parents=True)
    run.log_path.write_text("10:00:00 INFO created <listing>\n" * 100)
    return run


def url(name: str, row: CrawlSource | CrawlRun) -> str:
    return reverse(f"admin:crawler_{row._meta.model_name}_{name}", args=[row.pk])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


FORM = {
    "name": "New", "retailer": "", "spider": "structured", "seeds": "https://new.example/",
    "allowed_hosts": "", "enabled": "on", "delay": "", "concurrency": "4", "max_photos": "12",
    "max_pages": "", "max_minutes": "", "max_megabytes": "", "schedule": "daily", "cron": "",
    "jitter_minutes": "20",
}  # fmt: skip


def test_a_source_is_added_with_its_shop_and_its_schedule(admin_client: Client) -> None:
    response = admin_client.post(reverse(ADD), FORM)

    assert response.status_code == 302, text(response)
    source = CrawlSource.objects.get()
    assert (source.retailer.name, source.delay, source.max_pages) == ("New", None, None)
    assert source.periodic_task is not None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"seeds": "new.example"}, "is not an address like"),
        ({"allowed_hosts": "http://cdn.example"}, "is not a host like"),
        ({"schedule": "cron", "cron": "x"}, "is not a cron expression"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_a_source_that_could_never_be_crawled_is_refused(
    admin_client: Client, changes: dict[str, str], told: str
) -> None:
    response = admin_client.post(reverse(ADD), FORM | changes)

    assert response.status_code == 200
    assert told in text(response)
    assert not CrawlSource.objects.exists()


def test_a_new_source_begins_with_its_kind(admin_client: Client) -> None:
    page = unescape(text(admin_client.get(reverse(ADD))))

    for kind in kinds_all():
        assert f'href="?spider={kind.key}"' in page
        assert kind.summary in page


@pytest.mark.parametrize("kind", kinds_all(), ids=lambda kind: kind.key)
def test_the_form_of_a_kind_explains_its_parameters(admin_client: Client, kind: Kind) -> None:
    page = unescape(text(admin_client.get(f"{reverse(ADD)}?spider={kind.key}")))

    assert kind.summary in page
    assert kind.seeds_help in page
    for one in parameters(kind.params):
        assert one.told.label in page
        assert one.told.help in page


SHOPIFY = FORM | {
    "spider": "shopify", "param_currency": "EUR", "param_product_types": "Shoes\nBoots",
    "param_photos_anywhere": "on",
}  # fmt: skip


def test_parameters_are_kept_and_shown_again(admin_client: Client) -> None:
    admin_client.post(reverse(ADD), SHOPIFY)

    source = CrawlSource.objects.get()
    assert (source.spider, source.params) == (
        "shopify", {"currency": "EUR", "product_types": ["Shoes", "Boots"]},
    )  # fmt: skip
    page = text(admin_client.get(url("change", source)))
    assert 'value="EUR"' in page
    assert "Shoes Boots</textarea>" in page


def test_a_wrong_parameter_is_told_beside_its_field(admin_client: Client) -> None:
    response = admin_client.post(reverse(ADD), SHOPIFY | {"param_currency": "euro"})

    assert "ISO 4217" in str(response.context["adminform"].form.errors["param_currency"])
    assert not CrawlSource.objects.exists()


def test_the_kind_can_be_changed(admin_client: Client) -> None:
    admin_client.post(reverse(ADD), SHOPIFY)
    source = CrawlSource.objects.get()
    change = url("change", source)
    assert 'href="?spider=feed"' in text(admin_client.get(f"{change}?kinds=1"))
    assert 'value="EUR"' in text(admin_client.get(f"{change}?spider=feed"))

    feed = FORM | {"spider": "feed", "param_currency": "EUR", "param_delimiter": "tab"}
    response = admin_client.post(f"{change}?spider=feed", feed)

    assert response.status_code == 302
    source.refresh_from_db()
    assert source.spider == "feed"
    assert source.params == {"currency": "EUR", "delimiter": "tab", "photos_anywhere": False}


def test_save_and_dry_run_leads_to_its_page(admin_client: Client) -> None:
    response = admin_client.post(reverse(ADD), SHOPIFY | {"_dryrun": "1"}, follow=True)

    run = CrawlRun.objects.get()
    assert run.is_dry_run
    assert response.redirect_chain[-1][0] == run.get_absolute_url()
    assert "Nothing found yet" in text(response)


def test_the_cards_of_a_dry_run(admin_client: Client, source: CrawlSource) -> None:
    run = CrawlRun.objects.create(
        source=source, trigger="admin", status=Status.DONE, is_dry_run=True
    )
    card = Preview(url="https://shop.example/p", title="Low <1>", price="9.00", currency="EUR",
                   notes=("No photo.",))  # fmt: skip
    run.preview_items.create(position=0, content=card.to_json())

    page = text(admin_client.get(run.get_absolute_url()))

    assert "Low &lt;1&gt;" in page
    assert "9.00 EUR" in page
    assert "No photo." in page
    assert "nothing was stored" in page
    assert "Start the crawl" in page


def test_a_dry_run_takes_the_place_of_the_last_and_is_no_latest_run(
    admin_client: Client, source: CrawlSource
) -> None:
    for _ in range(2):
        admin_client.post(url("dry_run", source))
        CrawlRun.objects.update(status=Status.DONE)

    assert source.runs.count() == 1
    assert "none yet" in text(admin_client.get(reverse(SOURCES)))
    assert admin_client.get(url("dry_run", source)).status_code == 405


def test_the_list_leads_to_the_latest_run_and_to_a_new_one(
    admin_client: Client, run: CrawlRun
) -> None:
    page = text(admin_client.get(reverse(SOURCES)))

    assert run.get_absolute_url() in page
    assert "Running, 1234 products" in page
    assert url("start", run.source) in page


def test_a_source_shows_its_recent_runs(admin_client: Client, run: CrawlRun) -> None:
    page = text(admin_client.get(url("change", run.source)))

    assert f"Run {run.pk}" in page
    assert "Start crawl" in page


def test_the_button_asks_first_and_then_leads_to_the_run(
    admin_client: Client, source: CrawlSource
) -> None:
    page = text(admin_client.get(url("start", source)))
    assert "Start a crawl of “Shop”?" in page
    assert not CrawlRun.objects.exists()

    response = admin_client.post(url("start", source), follow=True)

    run = CrawlRun.objects.get()
    assert response.redirect_chain[-1][0] == run.get_absolute_url()
    assert (run.status, run.trigger) == (Status.PENDING, "admin")
    assert run.requested_by is not None
    assert "Waiting to start" in text(response)


def test_a_second_start_is_refused_with_the_reason(admin_client: Client, run: CrawlRun) -> None:
    response = admin_client.post(url("start", run.source), follow=True)

    assert "is being crawled already" in text(response)
    assert CrawlRun.objects.count() == 1


def test_the_action_starts_the_chosen_ones(admin_client: Client, run: CrawlRun) -> None:
    other = crawl_source_ensure(name="Other", seeds=["https://other.example/"])
    data = {"action": "start_crawl", "_selected_action": [run.source_id, other.pk]}

    page = text(admin_client.post(reverse(SOURCES), data, follow=True))

    assert "is being crawled already" in page
    assert "has been asked for" in page
    assert other.runs.count() == 1


def test_the_page_of_a_run_tells_everything(admin_client: Client, run: CrawlRun) -> None:
    page = text(admin_client.get(run.get_absolute_url()))

    assert "1,234" in page
    assert "http-404" in page
    assert "https://shop.example/&lt;x&gt;" in page
    assert "created &lt;listing&gt;" in page
    assert 'data-active="yes"' in page
    assert "<script>" not in page
    assert "style=" not in page.partition('id="crawl-run"')[2]


def test_the_live_parts_say_whether_to_ask_again(admin_client: Client, run: CrawlRun) -> None:
    live = admin_client.get(url("live", run))
    assert live.headers["X-Run-Active"] == "yes"
    assert "no-store" in live.headers["Cache-Control"]
    assert 'data-part="numbers"' in text(live)

    CrawlRun.objects.update(status=Status.DONE, complete=True)

    assert admin_client.get(url("live", run)).headers["X-Run-Active"] == "no"
    assert "Crawl again" in text(admin_client.get(run.get_absolute_url()))


@pytest.mark.parametrize("status", Status.values)
def test_each_state_has_its_page(admin_client: Client, run: CrawlRun, status: str) -> None:
    CrawlRun.objects.update(status=status)

    page = text(admin_client.get(run.get_absolute_url()))

    assert Status(status).label in page
    assert ("crawl-cancel" in page) == (status in {"pending", "running"})
    assert ("crawl-resume" in page) == (status in CrawlRun.RESUMABLE)


def test_cancel_and_resume(admin_client: Client, run: CrawlRun) -> None:
    assert admin_client.get(url("cancel", run)).status_code == 405
    admin_client.post(url("cancel", run))
    run.refresh_from_db()
    assert run.status == Status.CANCELLING

    CrawlRun.objects.update(status=Status.CANCELLED)
    assert "goes on where it was" in text(admin_client.post(url("resume", run), follow=True))
    run.refresh_from_db()
    assert run.status == Status.PENDING

    CrawlRun.objects.update(status=Status.DONE)
    assert "has ended already" in text(admin_client.post(url("cancel", run), follow=True))


def test_who_may_only_look_cannot_act(viewer: Client, run: CrawlRun) -> None:
    page = text(viewer.get(run.get_absolute_url()))
    assert "crawl-cancel" not in page

    assert viewer.post(url("cancel", run)).status_code == 403
    assert viewer.post(url("start", run.source)).status_code == 403
    assert viewer.post(url("dry_run", run.source)).status_code == 403
    run.refresh_from_db()
    assert run.status == Status.RUNNING


def test_strangers_see_nothing(client: Client, run: CrawlRun) -> None:
    for address in (url("live", run), run.get_absolute_url(), url("start", run.source)):
        assert client.get(address).status_code == 302
    User.objects.create_user("clerk", is_staff=True, password="x")
    client.login(username="clerk", password="x")
    assert client.get(url("live", run)).status_code == 403


def test_an_ended_run_can_be_deleted_and_an_active_one_cannot(
    admin_client: Client, run: CrawlRun
) -> None:
    assert admin_client.post(url("delete", run), {"post": "yes"}).status_code == 403

    CrawlRun.objects.update(status=Status.DONE)
    admin_client.post(url("delete", run), {"post": "yes"})

    assert not CrawlRun.objects.exists()


def test_deleted_sources_take_their_schedules_along(
    admin_client: Client, source: CrawlSource
) -> None:
    admin_client.post(reverse(ADD), FORM)
    new = CrawlSource.objects.get(name="New")
    admin_client.post(url("delete", source), {"post": "yes"})
    data = {"action": "delete_selected", "_selected_action": [new.pk], "post": "yes"}

    admin_client.post(reverse(SOURCES), data)

    assert not CrawlSource.objects.exists()
    assert not PeriodicTask.objects.filter(task__startswith="crawler").exists()


@pytest.mark.parametrize("bulk", [False, True], ids=["one", "bulk"])
def test_a_source_that_is_being_crawled_cannot_be_deleted(
    admin_client: Client, run: CrawlRun, *, bulk: bool
) -> None:
    other = crawl_source_ensure(name="Other", seeds=["https://other.example/"])
    chosen = [run.source_id, other.pk]
    data = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}

    page = (
        admin_client.post(reverse(SOURCES), data)
        if bulk
        else admin_client.post(url("delete", run.source), {"post": "yes"})
    )

    assert "cancel it first, then delete" in text(page)
    assert run.get_absolute_url() in text(page)
    assert "permission" not in text(page)
    assert CrawlSource.objects.count() == 2
    CrawlRun.objects.update(status=Status.CANCELLED)
    admin_client.post(reverse(SOURCES), data)
    assert not CrawlSource.objects.exists()


def test_a_crawl_that_began_meanwhile_is_no_error_of_the_page(
    admin_client: Client, run: CrawlRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_before = [], {}, set(), []
    monkeypatch.setattr(CrawlSourceAdmin, "get_deleted_objects", lambda *_: seen_before)
    data = {"action": "delete_selected", "_selected_action": [run.source_id], "post": "yes"}

    for address, told in ((url("delete", run.source), {"post": "yes"}), (reverse(SOURCES), data)):
        page = text(admin_client.post(address, told, follow=True))
        assert f"is being crawled. Cancel run {run.pk} first" in page
        assert "Successfully" not in page

    assert CrawlSource.objects.count() == 1


def test_a_run_that_is_not_there_is_a_404(admin_client: Client) -> None:
    for pk in ("999", "x"):
        assert admin_client.get(f"/admin/crawler/crawlrun/{pk}/change/").status_code == 404


def test_the_end_of_a_long_log(run: CrawlRun) -> None:
    run.log_path.write_text("".join(f"line {n}\n" for n in range(20_000)))

    tail = run_log_tail(run, lines=3)

    assert tail.splitlines() == ["line 19997", "line 19998", "line 19999"]
    run.log_path.unlink()
    assert run_log_tail(run) == ""
