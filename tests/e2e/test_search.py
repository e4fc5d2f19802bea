"""The search page in a real browser: by mouse, by touch, by keyboard, and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.e2e.conftest import Visitor

Open = Callable[..., Visitor]
Photos = dict[str, Path]


def params(guest: Visitor) -> dict[str, list[str]]:
    return parse_qs(urlsplit(guest.address).query)


def send_photo(guest: Visitor, path: Path) -> None:
    guest.page.set_input_files("#file", path)
    guest.page.wait_for_selector("#search:not(.is-start) .shown img")
    guest.settled()


def test_a_photo_then_an_edit_by_words_then_the_slider(visitor: Open, photos: Photos) -> None:
    guest = visitor()
    guest.go("/")
    send_photo(guest, photos["shoe.jpg"])
    assert set(params(guest)) == {"photo"}
    page = guest.page
    assert page.locator(".looks-like").inner_text()
    before = guest.titles()
    assert len(before) == 24
    assert "shoes found" in page.locator("#status").inner_text()

    page.fill("#words", "the same but in red")
    page.keyboard.press("Enter")
    guest.wait_for("location.search.includes('q=')")
    guest.settled()
    assert params(guest)["q"] == ["the same but in red"]
    assert page.title().startswith("the same but in red")
    assert page.evaluate("document.activeElement.id") == "words"

    page.locator("#weight").focus()
    page.keyboard.press("End")
    guest.wait_for("location.search.includes('weight=1')")
    guest.settled()
    assert "red" in guest.titles()[0].lower()
    assert page.locator("#weight").get_attribute("aria-valuetext") == "100 % like the words"

    page.go_back()
    guest.wait_for("!location.search.includes('weight=')")
    page.wait_for_load_state()
    guest.settled()
    assert params(guest)["q"] == ["the same but in red"]
    page.get_by_role("link", name="Remove the photo").click()
    guest.wait_for("!location.search.includes('photo=')")
    guest.settled()
    assert params(guest) == {"q": ["the same but in red"]}


FILES = """async ([url, kind]) => {
    const bytes = await (await fetch(url)).blob();
    const data = new DataTransfer();
    data.items.add(new File([bytes], "shoe.webp", {type: "image/webp"}));
    if (kind === "paste") {
        document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
        return;
    }
    for (const step of ["dragenter", "dragover", "drop"]) {
        document.body.dispatchEvent(
            new DragEvent(step, {dataTransfer: data, bubbles: true, cancelable: true}));
    }
}"""


def drop_or_paste(guest: Visitor, kind: str) -> None:
    guest.go("/")
    image = guest.page.locator(".example img").first.get_attribute("src")
    guest.page.evaluate(FILES, [image, kind])
    guest.page.wait_for_selector("#search:not(.is-start) .shown img")
    guest.settled()
    assert set(params(guest)) == {"photo"}
    assert len(guest.titles()) == 24


def test_a_photo_is_dropped_on_the_page(visitor: Open) -> None:
    drop_or_paste(visitor(), "drop")


def test_a_photo_is_pasted(visitor: Open) -> None:
    drop_or_paste(visitor(), "paste")


def test_filters_narrow_and_widen(visitor: Open) -> None:
    guest = visitor()
    guest.go("/?q=shoe")
    page = guest.page
    box = page.locator("#facet-brand input").first
    brand = box.get_attribute("value")
    box.check()
    guest.wait_for("location.search.includes('brand=')")
    guest.settled()
    assert params(guest) == {"q": ["shoe"], "brand": [brand]}
    names = {title.split(" · ")[0].lower().replace(" ", "-") for title in guest.titles()}
    assert names == {brand}
    assert page.evaluate("document.activeElement.value") == brand
    page.locator("#facet-height > summary, #facet-category > summary").first.click()
    page.locator("#facet-brand input").nth(1).check()
    guest.wait_for("(location.search.match(/brand=/g) || []).length === 2")
    guest.settled()
    assert page.locator("details.facet[open]").count() >= 3
    guest.follow("Drop all")
    assert params(guest) == {"q": ["shoe"]}


def test_no_result_offers_to_drop_the_filters(visitor: Open) -> None:
    guest = visitor()
    guest.go("/?q=shoe&price_min=9000")
    assert guest.page.locator("#results-heading").inner_text() == "No shoes found"
    guest.follow("Search without filters")
    assert guest.titles()


def test_search_with_this_one_and_share_it(visitor: Open) -> None:
    guest = visitor()
    guest.go("/?q=red")
    guest.page.get_by_role("link", name="Search with this").nth(1).click()
    guest.wait_for("location.search.includes('image=')")
    guest.settled()
    assert guest.page.evaluate("document.activeElement.id") == "results-heading"
    assert "Shoes like" in guest.page.locator(".looks-like").inner_text()
    friend = visitor()
    friend.go(guest.address)
    assert friend.titles() == guest.titles()


def test_other_photos_are_one_click_away(visitor: Open) -> None:
    guest = visitor()
    guest.go("/?q=red")
    details = guest.page.locator("details.others").first
    details.locator("summary").click()
    details.locator("a.thumb").first.click()
    guest.wait_for("location.search.includes('image=')")
    guest.settled()


def test_more_shoes_come_on_scroll(visitor: Open) -> None:
    guest = visitor()
    guest.go("/?q=shoe")
    assert len(guest.titles()) == 24
    guest.page.locator("#more").scroll_into_view_if_needed()
    guest.wait_for("document.querySelectorAll('#result-list .card').length > 24")
    guest.settled()
    assert len(set(guest.page.locator("#result-list .card-title a").evaluate_all(
        "links => links.map(link => link.href)"))) == len(guest.titles())  # fmt: skip
    assert guest.page.locator("#more").count() == 0


def test_refused_files_are_told_and_nothing_is_lost(visitor: Open, photos: Photos) -> None:
    guest = visitor()
    guest.expected = ["status of 415", "Status Error Code 415"]
    guest.go("/")
    page = guest.page
    page.set_input_files("#file", photos["large.jpg"])
    page.wait_for_selector(".problem:visible")
    assert "at most 15.0 MB" in page.locator(".problem").inner_text()
    page.fill("#words", "but red")
    page.set_input_files("#file", photos["notes.jpg"])
    page.wait_for_selector(".notice.bad:visible")
    assert "not a photo" in page.locator(".notice.bad:visible").inner_text()
    assert page.locator("#words").input_value() == "but red"
    send_photo(guest, photos["shoe.jpg"])


def test_words_typed_while_a_photo_is_sent_are_kept(visitor: Open, photos: Photos) -> None:
    guest = visitor()
    guest.go("/")
    page = guest.page

    def late(route: Any) -> None:
        page.keyboard.type("but blue")
        route.continue_()

    page.locator("#words").focus()
    page.route("**/", late, times=1)
    send_photo(guest, photos["shoe.jpg"])
    assert page.locator("#words").input_value() == "but blue"


def test_a_server_that_is_gone_is_told(visitor: Open) -> None:
    guest = visitor()
    guest.expected = ["ERR_FAILED", "htmx:afterRequest", "htmx:sendError"]
    guest.go("/?q=red")
    guest.page.route("**/*", lambda route: route.abort())
    guest.page.fill("#words", "blue")
    guest.page.keyboard.press("Enter")
    guest.page.wait_for_selector("#request-failed:visible")
    assert "could not be reached" in guest.page.locator("#request-failed").inner_text()


def test_an_expired_photo_keeps_the_rest(visitor: Open) -> None:
    guest = visitor()
    guest.expected = ["status of 410"]
    answer = guest.go("/?q=blue&photo=gone")
    assert answer.status == 410
    guest.follow("Search without the photo")
    assert params(guest) == {"q": ["blue"]}
    assert guest.titles()


def test_the_theme_is_remembered(visitor: Open) -> None:
    guest = visitor(color_scheme="light")
    guest.go("/")
    page = guest.page
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    toggle = page.get_by_role("button", name="Dark theme")
    assert toggle.get_attribute("aria-pressed") == "false"
    toggle.click()
    assert toggle.get_attribute("aria-pressed") == "true"
    assert page.evaluate(ground) != light
    guest.go("/?q=red")
    assert page.evaluate(ground) != light
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(ground) == light
    dark = visitor(color_scheme="dark")
    dark.go("/")
    assert dark.page.evaluate(ground) != light


def test_filters_are_a_sheet_on_a_phone(visitor: Open) -> None:
    guest = visitor(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    guest.go("/?q=shoe")
    page = guest.page
    assert page.get_by_label("Camera").get_attribute("capture") == "environment"
    assert not page.locator("#filters").is_visible()
    page.get_by_role("button", name="Filters", exact=True).tap()
    page.locator("#facet-brand label").first.tap()
    guest.wait_for("location.search.includes('brand=')")
    guest.settled()
    assert page.locator("#filters").is_visible()
    page.get_by_role("button", name="Show the shoes").tap()
    assert not page.locator("#filters").is_visible()
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide


def test_everything_works_without_javascript(visitor: Open, photos: Photos) -> None:
    guest = visitor(java_script_enabled=False)
    page = guest.page
    guest.go("/")
    page.set_input_files("#file", photos["shoe.jpg"])
    guest.follow("Search", "button")
    assert set(params(guest)) == {"photo"}
    assert len(guest.titles()) == 24
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size({"width": 1280, "height": 844})
    page.fill("#words", "but red")
    page.locator("#facet-brand input").first.check()
    guest.follow("Apply the filters", "button")
    assert set(params(guest)) == {"photo", "q", "brand"}
    guest.go("/?q=shoe")
    guest.follow("More shoes")
    assert params(guest)["page"] == ["2"]
    assert guest.titles()
    guest.follow("Previous page")
    assert params(guest) == {"q": ["shoe"]}
    guest.follow("Search with this")
    assert "image" in params(guest)


def test_everything_works_by_keyboard(visitor: Open) -> None:
    guest = visitor()
    guest.go("/")
    page = guest.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "words"
    page.keyboard.type("red shoe")
    page.keyboard.press("Enter")
    guest.wait_for("location.search.includes('q=red')")
    guest.settled()
    reached = []
    for _ in range(120):
        page.keyboard.press("Tab")
        seen = page.evaluate("""() => {
            const at = document.activeElement, box = at.getBoundingClientRect();
            const outlined = (part) => getComputedStyle(at, part).outlineStyle !== "none";
            return [at.textContent.trim(), at.getAttribute("name") || "", box.width > 0,
                    outlined(null) || outlined("::after")];
        }""")
        reached.append(seen)
        if re.match("Search with this", seen[0]):
            break
    names = {name for _, name, _, _ in reached}
    assert {"brand", "colour"} <= names
    assert all(wide and outlined for _, _, wide, outlined in reached)
    page.keyboard.press("Enter")
    guest.wait_for("location.search.includes('image=')")
    guest.settled()
