"""The demo shop: what it sells, what it publishes, and how it misbehaves when asked to."""

from __future__ import annotations

import csv
import gzip
import hashlib
import http.client
import io
import json
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import extruct
import pytest
from PIL import Image

from tests.fakeshop import FakeShop, Fault, catalog
from tests.fakeshop.darkroom import Darkroom
from tests.fakeshop.drawing import SILHOUETTES
from tests.fakeshop.export import export
from tests.fakeshop.faults import PAGE_FAULTS, PHOTO_FAULTS
from tests.fakeshop.structured import Kind

SIZE = 96
ROOT = Path(__file__).resolve().parents[1]
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("photos")


@pytest.fixture(scope="module")
def shop(cache: Path) -> Iterator[FakeShop]:
    """A shop that no test changes."""
    with FakeShop(limit=30, photo_size=SIZE, cache_dir=cache, page_size=8) as shop:
        yield shop


def get(url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers; redirects are not followed, errors not raised."""
    host, path = url.removeprefix("http://").split("/", 1)
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", f"/{path}", headers=names)
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.getheaders())
    finally:
        connection.close()


def jsonld_product(html: bytes, url: str) -> dict[str, Any]:
    found = extruct.extract(html, base_url=url, syntaxes=["json-ld"], errors="ignore")["json-ld"]
    nodes = [node for data in found for node in data.get("@graph", [data])]
    (product,) = [node for node in nodes if node["@type"] == "Product"]
    return dict(product)


# Catalog ------------------------------------------------------------------------------------------


def test_the_catalog_follows_from_its_seed_and_grows_at_its_end() -> None:
    assert catalog(limit=60, seed=3) == catalog(limit=60, seed=3)
    assert catalog(limit=60, seed=3)[:40] == catalog(limit=40, seed=3)
    assert catalog(limit=60, seed=3) != catalog(limit=60, seed=4)


def test_the_catalog_is_a_shops_worth() -> None:
    products = catalog(limit=300)
    models = {product.model for product in products}
    assert len(products) == 300
    assert 60 <= len(models) <= 100
    assert len({product.model.brand.name for product in products}) == 10
    assert {product.model.silhouette for product in products} == set(SILHOUETTES)
    for key in ("sku", "mpn", "path", "title"):
        assert len({getattr(product, key) for product in products}) == 300, key
    assert len({(m.brand.name, m.name) for m in models}) == len(models)
    for product in products:
        assert 3 <= len(product.photos) <= 4
        assert product.photos[0].view == "lateral"
        assert product.price > 0


# Pages --------------------------------------------------------------------------------------------


def test_the_sitemap_names_every_product_with_its_last_change(shop: FakeShop) -> None:
    robots = get(f"{shop.base_url}/robots.txt")[1].decode()
    assert "Disallow: /private/" in robots
    assert "Disallow: /cart" in robots
    index_url = robots.split("Sitemap: ")[1].strip()
    index = ElementTree.fromstring(get(index_url)[1])
    found = {}
    for part in index.iter(f"{SITEMAP}loc"):
        packed = get(str(part.text))[1]
        for url in ElementTree.fromstring(gzip.decompress(packed)).iter(f"{SITEMAP}url"):
            found[url.findtext(f"{SITEMAP}loc")] = url.findtext(f"{SITEMAP}lastmod")
    assert found == {shop.base_url + p.path: p.updated.isoformat() for p in shop.products}


def test_every_product_page_says_in_jsonld_what_the_shop_sells(shop: FakeShop) -> None:
    for product in shop.products:
        url = shop.base_url + product.path
        status, html, _ = get(url)
        data = jsonld_product(html, url)
        assert status == 200
        assert data["name"] == product.title
        assert data["sku"] == product.sku
        assert data["mpn"] == product.mpn
        assert data["color"] == product.color
        assert data["brand"]["name"] == product.model.brand.name
        assert data["isVariantOf"]["productGroupID"] == product.model.id
        assert data["offers"]["price"] == str(product.price)
        assert data["offers"]["priceCurrency"] == "USD"
        assert data["offers"]["availability"].endswith(product.availability)
        images = [i if isinstance(i, str) else i["contentUrl"] for i in data["image"]]
        assert images == shop.photo_urls(product)


@pytest.mark.parametrize("kind", ["microdata", "opengraph"])
def test_the_other_kinds_say_the_same(kind: Kind, cache: Path) -> None:
    with FakeShop(limit=6, photo_size=SIZE, cache_dir=cache, kind=kind) as shop:
        assert get(f"{shop.base_url}/sitemap.xml")[0] == 404
        for product in shop.products:
            url = shop.base_url + product.path
            html = get(url)[1]
            data = extruct.extract(html, base_url=url, syntaxes=["microdata", "opengraph"])
            assert "ld+json" not in html.decode()
            if kind == "microdata":
                (item,) = data["microdata"]
                found = item["properties"]
                assert item["type"] == "https://schema.org/Product"
                assert found["name"] == product.title
                assert found["brand"]["properties"]["name"] == product.model.brand.name
                assert found["offers"]["properties"]["price"] == str(product.price)
                assert found["image"] == shop.photo_urls(product)
            else:
                (graph,) = data["opengraph"]
                pairs = graph["properties"]
                assert dict(pairs)["og:title"] == product.title
                assert dict(pairs)["product:price:amount"] == str(product.price)
                assert [v for k, v in pairs if k == "og:image"] == shop.photo_urls(product)


def test_pages_of_a_department_lead_to_each_other_and_to_everything(shop: FakeShop) -> None:
    from lxml import html as parser

    path: str | None = "/c/all-shoes"
    seen: list[str] = []
    while path:
        tree = parser.fromstring(get(shop.base_url + path)[1])
        seen += tree.xpath("//ul[@class='grid']//a/@href")
        following = tree.xpath("//a[@rel='next']/@href")
        assert following == tree.xpath("//head/link[@rel='next']/@href")
        path = following[0] if following else None
    assert seen == [product.path for product in shop.products]
    for missing in (
        "/c/all-shoes?page=99",
        "/c/all-shoes?page=x",
        "/c/hats",
        "/p/no/s1",
        "/x/loop",
    ):
        assert get(shop.base_url + missing)[0] == 404


def test_a_product_page_leads_to_its_other_colours(shop: FakeShop) -> None:
    product = shop.products[0]
    html = get(shop.base_url + product.path)[1].decode()
    for sibling in shop.siblings(product):
        assert f'href="{sibling.path}"' in html


def test_photos_are_jpegs_of_the_size_asked_for(shop: FakeShop) -> None:
    for product in shop.products[:4]:
        for index, url in enumerate(shop.photo_urls(product)):
            status, body, headers = get(url)
            assert (status, headers["Content-Type"]) == (200, "image/jpeg")
            assert Image.open(io.BytesIO(body)).size == (SIZE, SIZE)
            assert hashlib.sha256(body).hexdigest() == shop.photo_sha256(product, index)


def test_drawn_photos_are_kept(shop: FakeShop, cache: Path) -> None:
    product = shop.products[0]
    data = shop.photo_bytes(product, 0)
    kept = Darkroom(cache, size=SIZE).path(product.look, product.photos[0].scene)
    assert kept.read_bytes() == data


def test_what_has_not_changed_is_not_sent_again(shop: FakeShop) -> None:
    product = shop.products[1]
    for url in (shop.base_url + product.path, shop.photo_urls(product)[0]):
        status, body, headers = get(url)
        assert status == 200
        assert get(url, If_None_Match=headers["ETag"])[:2] == (304, b"")
        assert get(url, If_Modified_Since=headers["Last-Modified"])[:2] == (304, b"")
        assert get(url, If_None_Match='"other"')[1] == body
        # RFC 9110: the tag decides where both are given
        both = {"If_None_Match": '"other"', "If_Modified_Since": headers["Last-Modified"]}
        assert get(url, **both)[0] == 200
        assert get(url, If_Modified_Since="no date")[0] == 200


# Changes ------------------------------------------------------------------------------------------


def test_a_shop_changes_while_it_runs(cache: Path) -> None:
    with FakeShop(limit=8, photo_size=SIZE, cache_dir=cache) as shop:
        product, gone = shop.products[0], shop.products[1]
        url, photo_url = shop.base_url + product.path, shop.photo_urls(product)[0]
        page_tag, photo_tag = (get(u)[2]["ETag"] for u in (url, photo_url))

        shop.set_price(product.sku, "49.95", currency="USD")
        shop.set_availability(product.sku, "OutOfStock")
        status, html, _ = get(url, If_None_Match=page_tag)
        offer = jsonld_product(html, url)["offers"]
        assert status == 200
        assert (offer["price"], offer["priceCurrency"]) == ("49.95", "USD")
        assert offer["availability"] == "https://schema.org/OutOfStock"
        assert shop.product(product.sku).updated > product.updated
        assert get(photo_url, If_None_Match=photo_tag)[0] == 304

        shop.replace_photo(product.sku, 0)
        assert get(photo_url, If_None_Match=photo_tag)[0] == 200
        shop.replace_photo(product.sku, 0, data=b"other bytes")
        assert get(photo_url)[1] == b"other bytes"
        shop.remove_photo(product.sku)
        assert len(jsonld_product(get(url)[1], url)["image"]) == len(product.photos) - 1

        shop.remove(gone.sku)
        assert get(shop.base_url + gone.path)[0] == 404
        assert (
            gone.path not in gzip.decompress(get(f"{shop.base_url}/sitemap-0.xml.gz")[1]).decode()
        )
        shop.add(gone)
        assert get(shop.base_url + gone.path)[0] == 200


def test_stats_tell_what_was_asked_for(cache: Path) -> None:
    with FakeShop(limit=5, photo_size=SIZE, cache_dir=cache, latency=0.2) as shop:
        path = shop.products[0].path
        threads = [threading.Thread(target=get, args=(shop.base_url + path,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        size = len(get(f"{shop.base_url}/private/staff", User_Agent="rude")[1])
        get(f"{shop.base_url}/cart")
        get(f"{shop.base_url}/nowhere")
        stats = json.loads(get(f"{shop.base_url}/_stats")[1])
        assert stats == json.loads(json.dumps(shop.stats()))
        assert stats["requests"] == 6
        assert stats["paths"][path] == 3
        assert 1 < stats["most_at_once"] <= 3
        assert stats["forbidden"] == ["/private/staff", "/cart"]
        assert stats["status"] == {"200": 5, "404": 1}
        assert stats["agents"]["rude"] == 1
        assert stats["bytes"] > 3 * size
        assert stats["products"] == 5
        assert stats["photos"] == sum(len(product.photos) for product in shop.products)
        shop.reset_stats()
        assert shop.stats()["requests"] == 0


# Faults -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(cache: Path) -> Iterator[FakeShop]:
    with FakeShop(
        limit=12, photo_size=SIZE, cache_dir=cache, faults=tuple(Fault), slow_seconds=0.2
    ) as shop:
        yield shop


def with_fault(shop: FakeShop, fault: Fault) -> Any:
    (sku,) = shop.faulty[fault]
    return shop.product(sku)


def test_a_dozen_products_show_every_fault(hostile: FakeShop) -> None:
    assert set(hostile.faulty) == {*PHOTO_FAULTS, *PAGE_FAULTS}
    assert all(hostile.faulty.values())


def test_a_shop_has_only_the_faults_asked_for(cache: Path) -> None:
    with FakeShop(limit=12, cache_dir=cache, photo_size=SIZE, faults=["bomb"]) as shop:
        assert set(shop.faulty) == {Fault.BOMB}
        assert get(f"{shop.base_url}/x/dead")[0] == 404
    with pytest.raises(ValueError, match="no-such-fault"):
        FakeShop(limit=1, cache_dir=cache, faults=["no-such-fault"])


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.TRUNCATED_IMAGE, "image/jpeg"),
        (Fault.HTML_AS_IMAGE, "image/jpeg"),
        (Fault.EMPTY_IMAGE, "image/jpeg"),
    ],
)
def test_spoiled_photos_do_not_decode(hostile: FakeShop, fault: Fault, kind: str) -> None:
    product = with_fault(hostile, fault)
    *good, bad = hostile.photo_urls(product)
    status, body, headers = get(bad)
    assert (status, headers["Content-Type"]) == (200, kind)
    with pytest.raises(OSError):
        Image.open(io.BytesIO(body)).load()
    for url in good:
        Image.open(io.BytesIO(get(url)[1])).load()


def test_odd_photos_are_what_they_are_called(
    hostile: FakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(fault: Fault) -> tuple[int, bytes, dict[str, str]]:
        return get(hostile.photo_urls(with_fault(hostile, fault))[-1])

    assert Image.open(io.BytesIO(fetch(Fault.ONE_PIXEL)[1])).size == (1, 1)
    bomb = fetch(Fault.BOMB)[1]
    assert len(bomb) < 100_000
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)  # its header may be read in peace
    assert Image.open(io.BytesIO(bomb)).size == (20_000, 20_000)
    assert fetch(Fault.LYING_TYPE)[2]["Content-Type"] == "application/octet-stream"
    assert Image.open(io.BytesIO(fetch(Fault.LYING_TYPE)[1])).format == "JPEG"
    assert fetch(Fault.LYING_SUFFIX)[2]["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(fetch(Fault.LYING_SUFFIX)[1])).format == "PNG"
    assert fetch(Fault.MISSING_IMAGE)[0] == 404
    twice = hostile.photo_urls(with_fault(hostile, Fault.DUPLICATE_PHOTO))
    assert twice[0] != twice[-1]
    assert get(twice[0])[1] == get(twice[-1])[1]


def test_pages_are_spoiled_as_asked(hostile: FakeShop) -> None:
    def fetch(fault: Fault) -> tuple[int, bytes, dict[str, str]]:
        return get(hostile.base_url + with_fault(hostile, fault).path)

    def data(fault: Fault) -> dict[str, Any]:
        return jsonld_product(fetch(fault)[1], hostile.base_url)

    status, _, headers = fetch(Fault.FLAKY)
    assert (status, headers["Retry-After"]) == (503, "1")
    assert fetch(Fault.FLAKY)[0] == 200
    assert "offers" not in data(Fault.NO_OFFERS)
    assert "image" not in data(Fault.NO_PHOTOS)
    assert data(Fault.ODD_PRICE)["offers"]["price"].startswith("1.")
    broken = fetch(Fault.BROKEN_JSONLD)[1].decode()
    first, second = broken.split('<script type="application/ld+json">')[1:]
    with pytest.raises(json.JSONDecodeError):
        json.loads(first.split("</script>")[0])
    assert json.loads(second.split("</script>")[0])


def test_bad_addresses_are_in_the_sitemap_and_lead_nowhere(hostile: FakeShop) -> None:
    base = hostile.base_url
    sitemap = gzip.decompress(get(f"{base}/sitemap-0.xml.gz")[1]).decode()
    for name in ("dead", "loop", "slow", "calendar"):
        assert f"{base}/x/{name}<" in sitemap
    assert get(f"{base}/x/dead")[0] == 410
    status, _, headers = get(f"{base}/x/loop")
    assert (status, headers["Location"]) == (302, "/x/loop")
    with pytest.raises(urllib.error.HTTPError, match="infinite loop"):
        urllib.request.urlopen(f"{base}/x/loop", timeout=30)
    assert get(f"{base}/x/slow")[0] == 200
    assert (
        'rel="next" href="/x/calendar?day=4712"' in get(f"{base}/x/calendar?day=4711")[1].decode()
    )


def test_a_slow_page_does_not_keep_the_shop_open(cache: Path) -> None:
    answers: list[int] = []
    with FakeShop(
        limit=1, photo_size=SIZE, cache_dir=cache, faults=[Fault.SLOW_PAGE], slow_seconds=3600
    ) as shop:
        url = f"{shop.base_url}/x/slow"
        thread = threading.Thread(target=lambda: answers.append(get(url)[0]))
        thread.start()
        deadline = time.monotonic() + 30
        while not shop.stats()["requests"] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert shop.stats()["requests"] == 1
    thread.join(timeout=30)
    assert answers == [200]


# Commands -----------------------------------------------------------------------------------------


def test_the_command_prints_its_address_and_leaves_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fakeshop", "--port", "0", "--limit", "3",
               "--photo-size", "96", "--cache", str(tmp_path)]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[0]
        try:
            assert get(f"{address}/robots.txt")[0] == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()  # or the end of the block would wait for ever


def test_export_writes_labelled_photos_once(tmp_path: Path) -> None:
    products = catalog(limit=4)
    expected = sum(len(product.photos) for product in products) + 4
    assert export(tmp_path / "csv", products, size=SIZE, extra=1) == expected
    with (tmp_path / "csv" / "products.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == expected
    assert {row["mpn"] for row in rows} == {product.mpn for product in products}
    files = {tmp_path / "csv" / row["file"] for row in rows}
    before = {path: path.stat().st_mtime_ns for path in files}
    assert export(tmp_path / "csv", products, size=SIZE, extra=1) == expected
    assert {path: path.stat().st_mtime_ns for path in files} == before

    export(tmp_path / "folders", products, size=SIZE, labels="folder")
    names = {f"{product.model.brand.name} {product.model.name}" for product in products}
    assert {path.name for path in (tmp_path / "folders").iterdir()} == names
