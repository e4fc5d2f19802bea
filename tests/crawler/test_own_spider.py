"""The spider of docs/crawling.md, as it stands there: a reader's first one works."""

from __future__ import annotations

import json
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.models import Listing
from crawler.services import crawl_source_ensure
from tests.crawler.conftest import Pages, crawl, kinds

DOCS = Path(__file__).parents[2] / "docs" / "crawling.md"
BLOCKS = re.findall(r"```python\n# (outlet/\w+\.py)\n(.*?)```", DOCS.read_text(), re.DOTALL)


def test_it_is_short() -> None:
    assert [name for name, _ in BLOCKS] == ["outlet/kind.py", "outlet/spider.py"]
    assert sum(len(code.strip().splitlines()) for _, code in BLOCKS) < 50


@pytest.mark.crawl
@pytest.mark.usefixtures("home")
def test_it_crawls(
    pages_at: Pages, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, code in BLOCKS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    )
    monkeypatch.setenv("SHOEFINDER_SOURCE_KINDS", "outlet.kind.KIND")
    settings.SHOEFINDER_SOURCE_KINDS = ["outlet.kind.KIND"]
    shoe = {"page": "/p/1", "name": "Low 1", "maker": "Maker", "code": "L1", "colour": "Red",
            "price": "89,90", "photos": []}  # fmt: skip
    last = {**shoe, "page": "/p/2", "code": "L2", "colour": "Blue"}
    server = pages_at({
        "/1.json": (200, {}, json.dumps({"shoes": [shoe], "next": "/2.json"})),
        "/2.json": (200, {}, json.dumps({"shoes": [last, {}]})),
    })  # fmt: skip

    source = crawl_source_ensure(
        name="Outlet", seeds=[f"{server.base_url}/1.json"], delay=0.0, spider="outlet",
        params={"currency": "CHF"},
    )  # fmt: skip
    run = crawl(source)

    assert set(Listing.objects.values_list("sku", "price", "currency")) == {
        ("L1", Decimal("89.90"), "CHF"), ("L2", Decimal("89.90"), "CHF"),
    }  # fmt: skip
    assert kinds(run) == {"internal-error": 1}
