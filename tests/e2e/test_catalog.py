"""The catalog in the browser: filters that swap, and the strip of look-alikes."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.conftest import Visitor

Open = Callable[..., Visitor]


def test_filters_of_the_catalog(visitor: Open) -> None:
    guest = visitor()
    guest.go("/shoes/")
    page = guest.page
    page.locator("#facet-height > summary, #facet-category > summary").first.click()
    opened = page.locator("details.facet[open]").count()
    page.locator("#facet-brand input").first.check()
    guest.wait_for("location.search.includes('brand=')")
    guest.settled()
    assert page.locator("details.facet[open]").count() == opened
    assert page.locator(".chip").count() == 2
    friend = visitor()
    friend.go(guest.address)
    assert (
        friend.page.locator("#browse-count").inner_text()
        == page.locator("#browse-count").inner_text()
    )


def test_a_shoe_leads_to_those_that_look_like_it(visitor: Open) -> None:
    guest = visitor()
    guest.go("/shoes/")
    guest.leave_by(guest.page.locator(".card-title a").first)
    guest.page.get_by_role("heading", name="More like this").scroll_into_view_if_needed()
    guest.wait_for("document.querySelectorAll('.strip.wide .card').length >= 6")
    guest.settled()
    own = guest.page.evaluate("location.pathname")
    alike = guest.page.locator(".strip.wide .card-title a").evaluate_all(
        "links => links.map(link => link.pathname)"
    )
    assert own not in alike
