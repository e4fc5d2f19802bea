"""Views of one shoe, "more like this", "not this one": by keyboard, phone and without a script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import Visitor
from tests.e2e.test_accessibility import STANDARDS, violations

Open = Callable[..., Visitor]


def faults(guest: Visitor) -> list[str]:
    """In both themes, at the width of the page."""
    found = []
    for scheme in ("light", "dark"):
        guest.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found += violations(guest.page, type="tag", values=STANDARDS)
    wide = guest.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return found + ([f"scrolls sideways by {wide} px"] if wide > 0 else [])


def test_answers_refine_the_search_and_are_taken_back(
    visitor: Open, photos: dict[str, Path]
) -> None:
    guest = visitor(reduced_motion="reduce")
    guest.go("/")
    guest.page.set_input_files("#file", [photos["shoe.jpg"], photos["shoe.jpg"]])
    guest.wait_for("document.querySelectorAll('.shown img').length === 2")
    guest.settled()
    guest.page.set_input_files("#more", photos["shoe.jpg"])
    guest.wait_for("document.querySelectorAll('.shown img').length === 3")
    guest.settled()
    before = guest.titles()

    guest.page.get_by_role("link", name="Not this one").first.press("Enter")
    guest.wait_for("location.search.includes('unlike=')")
    guest.settled()
    assert guest.page.evaluate("document.activeElement.id") == "results-heading"
    assert before[0] not in guest.titles()
    guest.page.get_by_role("link", name="More like this").nth(3).click()
    guest.wait_for("/[&?]like=/.test(location.search)")
    guest.settled()
    assert guest.page.locator(".refinements .term").count() == 2
    assert faults(guest) == []

    friend = visitor(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    friend.go(guest.address)
    assert friend.titles()[:20] == guest.titles()[:20]
    assert faults(friend) == []

    guest.page.locator(".why summary").first.press("Enter")
    assert "Score" in guest.page.locator(".why[open]").inner_text()
    assert faults(guest) == []

    guest.page.get_by_role("link", name="Take all back").click()
    guest.wait_for("!location.search.includes('like=')")
    guest.settled()
    assert guest.titles()[: len(before)] == before  # more come by scrolling
    guest.page.go_back()
    guest.wait_for("location.search.includes('unlike=')")


def test_refining_needs_no_script(visitor: Open) -> None:
    guest = visitor(java_script_enabled=False)
    guest.go("/?q=red")
    before = guest.titles()
    guest.follow("Not this one")
    assert before[0] not in guest.titles()
    guest.follow("Take back: not")
    assert guest.titles() == before
