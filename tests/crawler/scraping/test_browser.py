"""Shops whose pages need their JavaScript: what is installed, what the browser may ask for."""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
from typing import Any

import pytest

from catalog.models import Listing
from crawler.exceptions import BrowserMissing
from crawler.scraping import browser
from crawler.scraping.browser import browser_settings, resolver_rules
from crawler.scraping.guard import HostRules
from crawler.services import crawl_source_ensure
from tests.crawler.conftest import Pages, crawl, kinds

HOSTS = ["shop.example", "127.0.0.1:8000"]


def told() -> dict[str, Any]:
    return browser_settings(HOSTS, user_agent="shoefinder", pages=2)


def test_what_is_missing_is_told_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BrowserMissing, match="apt-get install chromium"):
        told()

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BrowserMissing, match=r"requirements-browser\.txt"):
        told()


def test_chromium_finds_the_hosts_of_the_source_only() -> None:
    assert resolver_rules(HOSTS) == (
        "MAP * ~NOTFOUND, EXCLUDE shop.example, EXCLUDE *.shop.example, EXCLUDE 127.0.0.1"
    )


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("data:text/plain,x", True),
        ("http://127.0.0.1:8000/app.js", True),
        ("http://127.0.0.1:9000/", False),
        ("http://169.254.169.254/latest", False),
        ("https://shop.example/app.js", True),
        ("https://tracker.example/x.js", False),
        ("http://no-such-name.shop.example/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_what_a_page_may_ask_for(url: str, may: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nowhere(*args: Any, **options: Any) -> Any:
        raise OSError("unknown")

    async def ask() -> bool:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nowhere)
        return await browser._may_ask(url, HostRules(HOSTS))

    assert asyncio.run(ask()) is may


PAGE = """<html><head><title>Low 1</title></head><body><script>
fetch("/api/1").then(answer => answer.json()).then(told => {
  const script = document.createElement("script");
  script.type = "application/ld+json";
  script.textContent = JSON.stringify(told);
  document.head.append(script);
});
fetch("http://127.0.0.1:9/secret").catch(() => {});
</script></body></html>"""
API = '{"@type": "Product", "name": "Low 1", "brand": "Maker", "offers": {"price": 9}}'


needs_browser = pytest.mark.skipif(
    importlib.util.find_spec("scrapy_playwright") is None or shutil.which("chromium") is None,
    reason="needs scrapy-playwright and Chromium (requirements-browser.txt)",
)


@pytest.mark.crawl
@pytest.mark.usefixtures("home")
@needs_browser
@pytest.mark.parametrize(("render", "listings"), [("never", 0), ("always", 1)])
def test_a_shop_of_javascript(pages_at: Pages, render: str, listings: int) -> None:
    server = pages_at({"/": (200, {}, PAGE), "/api/1": (200, {"Content-Type": "text/json"}, API)})
    source = crawl_source_ensure(
        name="Shop", seeds=[f"{server.base_url}/"], delay=0.0, params={"render": render}
    )

    run = crawl(source)

    assert (run.status, kinds(run)) == ("done", {})
    assert Listing.objects.count() == listings


@pytest.mark.crawl
@pytest.mark.usefixtures("home")
@needs_browser
def test_a_page_that_never_lets_go_does_not_hold_up_the_end(
    pages_at: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOEFINDER_CRAWL_TIMEOUT", "3")
    busy = "<html><body><script>setTimeout(() => { for (;;) {} }, 1)</script></body></html>"
    server = pages_at({"/": (200, {}, busy)})
    source = crawl_source_ensure(
        name="Shop", seeds=[f"{server.base_url}/"], delay=0.0, params={"render": "always"}
    )

    run = crawl(source)

    assert "timeout" in kinds(run)
    assert Listing.objects.count() == 0
