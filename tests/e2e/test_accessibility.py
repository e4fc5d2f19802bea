"""axe-core finds nothing: every page, both themes, a phone and a desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.e2e.conftest import Visitor

Open = Callable[..., Visitor]
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = {
    "start": "/",
    "filtered": "/?q=shoe&colour=white&price_max=200&available=1",
    "nothing": "/?q=shoe&price_min=9000",
    "filters only": "/?brand=norrvik",
    "with a photo": "/?image={image}&q=but+red",
    "refused": "/?q=red&page=0",
    "expired": "/?q=red&photo=gone",
    "not found": "/nowhere",
    "shoes": "/shoes/",
    "shoe": "/shoes/{shoe}/",
    "brands": "/brands/",
    "brand": "{brand}",
    "model": "{model}",
}


def links(guest: Visitor) -> dict[str, str]:
    """Addresses that depend on what the catalog holds."""
    guest.go("/?q=shoe")
    page = guest.page.content()
    shoe = re.search(r'href="/shoes/(\d+)/"', page)
    image = re.search(r"image=(\d+)", page)
    assert shoe
    assert image
    guest.go("/brands/")
    brand = re.search(r'href="(/brands/[\w-]+/)"', guest.page.content())
    assert brand
    guest.go(brand.group(1))
    model = re.search(r'href="(/brands/[\w-]+/[\w-]+/)"', guest.page.content())
    assert model
    return {"shoe": shoe.group(1), "image": image.group(1), "brand": brand.group(1),
            "model": model.group(1)}  # fmt: skip


def violations(page: Any, **run_only: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    run_only = run_only or {"type": "tag", "values": STANDARDS}
    options = {"runOnly": run_only, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']}: {node['html'][:200]}" for v in found for node in v["nodes"]]


def test_axe_finds_nothing(visitor: Open) -> None:
    # Without transitions: a colour half way from one theme to the other is nobody's fault.
    guest = visitor(color_scheme="light", reduced_motion="reduce")
    guest.expected = ["status of 4"]
    page = guest.page
    known = links(guest)
    found: dict[str, list[str]] = {}
    for name, address in PAGES.items():
        guest.go(address.format(**known))
        assert page.locator("h1").count() == 1, name
        page.set_viewport_size({"width": 1280, "height": 800})
        faults = violations(page)
        # What else a theme could break does not depend on its colours.
        page.emulate_media(color_scheme="dark")
        faults += violations(page, type="rule", values=["color-contrast"])
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 360, "height": 800})
        faults += violations(page)
        sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        faults += [f"scrolls sideways by {sideways} px at 360 px"] if sideways > 0 else []
        if faults:
            found[name] = faults
    assert not found, "\n".join(
        f"{name}: {fault}" for name, all_ in found.items() for fault in all_
    )


def test_the_open_sheet_of_filters(visitor: Open) -> None:
    guest = visitor(viewport={"width": 360, "height": 800})
    guest.go("/?q=shoe")
    guest.page.get_by_role("button", name="Filters", exact=True).click()
    assert violations(guest.page) == []


def test_the_api_documentation_keeps_to_the_policy(visitor: Open) -> None:
    """Its markup is Swagger's own; what counts is that nothing is blocked or asked elsewhere."""
    guest = visitor()
    guest.go("/api/v1/docs")
    guest.page.wait_for_selector(".opblock-post")
