"""A person corrects what the page understood: chip by chip, with a script and without."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.conftest import Visitor
from tests.e2e.test_accessibility import STANDARDS, violations

Open = Callable[..., Visitor]
SENTENCE = "같은 브랜드인데 빨간색, not leather, fluffy"


def chips(guest: Visitor) -> list[str]:
    named = guest.page.locator(".term-remove").all()
    return [chip.get_attribute("aria-label") for chip in named]


def test_chips_are_corrected_and_shared(visitor: Open) -> None:
    guest = visitor(reduced_motion="reduce")
    guest.go("/")
    guest.page.fill("#words", SENTENCE)
    guest.page.keyboard.press("Enter")
    guest.wait_for("document.querySelectorAll('.term-remove').length === 4")
    guest.settled()
    assert chips(guest) == [
        "Remove: keep the same brand", "Remove: change colour red",
        "Remove: avoid material leather", "Remove the text “fluffy”",
    ]  # fmt: skip

    guest.page.click('[aria-label="Remove: avoid material leather"]')
    guest.wait_for("document.querySelectorAll('.term-remove').length === 3")
    guest.settled()

    guest.page.locator(".term summary", has_text="colour red").press("Enter")
    guest.page.select_option("#value-1", "navy")
    guest.page.locator("#weight-1").press("ArrowRight")
    assert violations(guest.page, type="tag", values=STANDARDS) == []
    guest.page.locator("#value-1 ~ button").click()
    guest.wait_for("location.search.includes('navy')")
    guest.settled()
    assert "Remove: change colour navy" in chips(guest)
    assert "×1.25" in guest.page.locator(".term-list").inner_text()

    friend = visitor(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    friend.go(guest.address)
    assert chips(friend) == chips(guest)
    assert friend.titles() == guest.titles()
    assert violations(friend.page, type="tag", values=STANDARDS) == []
    wide = friend.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    friend.page.locator(".term summary", has_text="Add a wish").click()

    guest.page.fill("#words", "blue")
    guest.page.keyboard.press("Enter")
    guest.wait_for("location.search === '?q=blue'")
    guest.settled()
    assert chips(guest) == ["Remove: change colour blue"]


def test_chips_need_no_script(visitor: Open) -> None:
    guest = visitor(java_script_enabled=False)
    guest.go("/?q=red+or+blue")
    guest.leave_by(guest.page.locator('[aria-label="Remove: change colour blue"]'))
    assert chips(guest) == ["Remove: change colour red"]
    guest.page.locator(".term summary", has_text="colour red").click()
    guest.page.select_option("#mode-0", "avoid")
    guest.leave_by(guest.page.locator("#mode-0 ~ button"))
    assert chips(guest) == ["Remove: avoid colour red"]
    guest.page.locator(".term summary", has_text="Add a wish").click()
    guest.page.fill("#value-new", "burgundy")
    guest.leave_by(guest.page.locator("#value-new ~ button"))
    assert chips(guest) == ["Remove: avoid colour red", "Remove: change colour maroon"]
    guest.follow("Read my words anew")
    assert len(chips(guest)) == 2
