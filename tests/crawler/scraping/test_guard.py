"""Which hosts may be asked."""

from __future__ import annotations

import pytest
from scrapy import Request

from crawler.scraping.guard import (
    AddressRefused,
    GuardedResolver,
    HostGuardMiddleware,
    HostRefused,
    HostRules,
    is_private,
)


@pytest.mark.parametrize(
    ("entry", "url", "allowed"),
    [
        ("shop.example", "https://shop.example/p", True),
        ("shop.example", "http://shop.example:8080/p", True),
        ("shop.example", "https://img.cdn.shop.example/p", True),
        ("Shop.Example", "https://SHOP.example/p", True),
        ("shop.example", "https://shop.example./p", True),
        ("shop.example", "https://myshop.example/", False),
        ("shop.example", "https://shop.example.evil.test/", False),
        ("shop.example:8443", "https://shop.example:8443/", True),
        ("shop.example:8443", "https://shop.example/", False),
        ("shop.example:443", "https://shop.example/", True),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/", True),
        ("127.0.0.1:8000", "http://127.0.0.1:9000/", False),
        ("127.0.0.1", "http://127.0.0.1:9000/", True),
        ("shop.example", "http://127.0.0.1/", False),
        ("shop.example", "http://169.254.169.254/latest/meta-data", False),
        ("shop.example", "http://[::1]/", False),
        ("shop.example", "http://[::ffff:10.0.0.1]/", False),
        ("localhost", "http://localhost:9000/", True),
        ("localhost", "http://a.localhost/", False),
        ("example", "http://localhost/", False),
        ("shop.example", "ftp://shop.example/", False),
        ("shop.example", "https://", False),
        ("shop.example", "https://shop.example:port/", False),
    ],
)
def test_rules(entry: str, url: str, allowed: bool) -> None:
    rules = HostRules([entry])

    assert rules.allows(url) is allowed
    assert rules.allows(url) is allowed  # from memory


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "[::1]",
     "fd00::1", "localhost"],
)  # fmt: skip
def test_private(host: str) -> None:
    assert is_private(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111", "shop.example", "127.example"])
def test_public(host: str) -> None:
    assert not is_private(host)


def test_a_refused_request_tells_the_mend() -> None:
    guard = HostGuardMiddleware(HostRules(["shop.example"]))
    guard.process_request(Request("https://shop.example/"))

    with pytest.raises(HostRefused, match=r"cdn\.example is not among the source's allowed hosts"):
        guard.process_request(Request("https://cdn.example/1.jpg"))


def test_a_name_that_leads_to_a_private_address_is_refused() -> None:
    resolver = GuardedResolver(None, 100, 5.0, rules=HostRules(["shop.example", "intra.example"]))

    assert resolver._check("93.184.216.34", "img.shop.example") == "93.184.216.34"
    assert resolver._check("10.0.0.1", "intra.example") == "10.0.0.1"
    with pytest.raises(AddressRefused):
        resolver._check("10.0.0.1", "img.shop.example")
    assert "img.shop.example" in GuardedResolver.refused
