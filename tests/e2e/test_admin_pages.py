"""axe-core finds nothing on the admin's own pages: both themes, a phone and a desk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import Visitor
from tests.e2e.seed import ADMIN
from tests.e2e.test_accessibility import STANDARDS

Open = Callable[..., Visitor]
PAGES = {
    "dashboard": "crawler/crawlsource/dashboard/",
    "sources": "crawler/crawlsource/",
    "progress of models": "crawler/crawlsource/2/models/",
    "run": "crawler/crawlrun/1/change/",
    "dead letters": "crawler/deadletter/",
    "dead letter": "crawler/deadletter/1/change/",
    "photo imports": "crawler/photoimport/",
    "new photo import": "crawler/photoimport/add/",
    "photo import": "crawler/photoimport/1/change/",
    "titles": "catalog/titlereview/",
    "queue of titles": "catalog/titlereview/review/",
    "predicted attributes": "catalog/attributeprediction/",
    "photo rules": "catalog/shoeimage/rules/",
    "photos judged anew": "search/rulesreplay/1/change/",
    "fits of recognisers": "search/recogniserfit/",
    "a fit that runs": "search/recogniserfit/1/change/",
    "a fit that is done": "search/recogniserfit/2/change/",
    "name reports": "search/namereport/",
}
WHOLE = ("predicted attributes", "fits of recognisers", "name reports")
"""Lists of many columns, which a desk shows all of."""
HIDDEN = "(box => box.scrollWidth - box.clientWidth)(document.querySelector('.results'))"
DJANGOS = ("target-size", "link-in-text-block", "region", "landmark-one-main")
"""Rules that Django's own frame, filters and search line break."""


WITH_THE_THEME = ["color-contrast", "scrollable-region-focusable"]
"""Rules of what differs in the other theme and width."""


def violations(page: Any, *rules: str) -> list[str]:
    run_only = {"type": "tag", "values": STANDARDS}
    options: dict[str, Any] = {"runOnly": run_only, "preload": False}
    options["rules"] = {rule: {"enabled": False} for rule in DJANGOS}
    if rules:
        options = {"runOnly": {"type": "rule", "values": rules}, "preload": False}
    options["resultTypes"] = ["violations"]
    found = Axe().run(page, context="#content", options=options).response["violations"]
    return [f"{v['id']}: {node['html'][:200]}" for v in found for node in v["nodes"]]


def test_axe_finds_nothing_in_the_admin(visitor: Open) -> None:
    guest = visitor(color_scheme="light", reduced_motion="reduce")
    # What axe measures with is an inline style, which the policy bars.
    guest.expected = ["status of 404", "inline style"]
    page = guest.page
    guest.go("/admin/")
    page.fill("#id_username", ADMIN)
    page.fill("#id_password", ADMIN)
    guest.leave_by(page.locator("input[type=submit]"))
    found: list[str] = []
    for width, scheme, rules in ((1280, "light", []), (390, "dark", WITH_THE_THEME)):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        for name, address in PAGES.items():
            assert guest.go(f"/admin/{address}").status == 200, name
            faults = violations(page, *rules)
            sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            faults += [f"scrolls sideways by {sideways} px"] if sideways > 0 else []
            if width == 1280 and name in WHOLE:
                hidden = page.evaluate(HIDDEN)
                faults += [f"hides {hidden} px of the table"] if hidden > 0 else []
            found += [f"{name}, {width} px, {scheme}: {fault}" for fault in faults]
    assert not found, "\n".join(found)
