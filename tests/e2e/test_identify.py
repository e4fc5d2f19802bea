"""The answer card in a real browser: what the photo shows, the crop, what visitors say of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Visitor
from tests.e2e.test_accessibility import STANDARDS, violations

Open = Callable[..., Visitor]
PHONE = {"width": 390, "height": 844}


def shown(guest: Visitor, photos: dict[str, Path]) -> None:
    """Send the photo, and wait for the answer."""
    guest.go("/")
    guest.page.set_input_files("#file", str(photos["shoe.jpg"]))
    guest.wait_for("document.querySelector('.looks-like')")
    guest.settled()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_frame_is_moved_by_keys_and_by_hand(
    visitor: Open, photos: dict[str, Path], scheme: str
) -> None:
    options: dict[str, Any] = {} if scheme == "light" else {"viewport": PHONE}
    guest = visitor(reduced_motion="reduce", color_scheme=scheme, **options)
    shown(guest, photos)
    guest.page.locator(".crop-editor summary").press("Enter")
    assert violations(guest.page, type="tag", values=STANDARDS) == []
    handle = guest.page.get_by_role("button", name="Move the frame")
    for key in ("Shift+ArrowLeft", "Shift+ArrowUp", "ArrowRight", "Enter"):
        handle.press(key)
    guest.wait_for("location.search.includes('crop=')")
    guest.settled()
    assert "crop=0.02%2C0%2C0.98%2C0.98" in guest.page.url
    assert "your own frame" in guest.page.locator(".crop-editor summary").inner_text()

    guest.page.locator(".crop-editor summary").click()
    area = guest.page.locator(".crop-picture svg").bounding_box()
    middle = area["x"] + area["width"] / 2
    guest.page.mouse.move(middle, area["y"] + area["height"] * 0.98)
    guest.page.mouse.down()
    guest.page.mouse.move(middle, area["y"] + area["height"] * 0.78, steps=4)
    guest.page.mouse.up()
    guest.wait_for("location.search.includes('0.78')")
    guest.settled()

    guest.page.locator(".crop-editor summary").click()
    guest.page.get_by_label("All of the photo").check()
    guest.wait_for("!location.search.includes('crop=')")
    guest.settled()
    wide = guest.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= guest.page.viewport_size["width"]


def test_without_a_script_the_frame_is_numbers(visitor: Open, photos: dict[str, Path]) -> None:
    guest = visitor(java_script_enabled=False)
    guest.go("/")
    guest.page.set_input_files("#file", str(photos["shoe.jpg"]))
    guest.follow("Search", "button")
    guest.page.locator(".crop-editor summary").click()
    guest.page.get_by_label("My own frame").check()
    guest.page.get_by_label("Width").fill("80")
    guest.follow("Search", "button")
    assert "crop=0%2C0%2C0.8%2C1" in guest.page.url


def test_the_name_is_confirmed_or_corrected(visitor: Open, photos: dict[str, Path]) -> None:
    guest = visitor(viewport=PHONE, reduced_motion="reduce")
    shown(guest, photos)
    card = guest.page.locator(".looks-like")
    assert card.locator(".guess").inner_text()
    assert violations(guest.page, type="tag", values=STANDARDS) == []
    guest.page.get_by_role("button", name="This is my shoe").click()
    guest.wait_for("document.querySelector('.looks-like').innerText.includes('Someone will look')")

    other = visitor(reduced_motion="reduce", color_scheme="dark")
    shown(other, photos)
    other.page.locator(".report-wrong summary").press("Enter")
    other.page.fill("#report-said", "Acme Other 2")
    assert violations(other.page, type="tag", values=STANDARDS) == []
    other.page.get_by_role("button", name="Send").click()
    other.wait_for("document.querySelector('.looks-like').innerText.includes('Someone will look')")
