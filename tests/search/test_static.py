"""What the style sheets must agree on with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from catalog.colours import COLOURS

FOLDER = Path(settings.BASE_DIR) / "shoefinder" / "static" / "shoefinder"
TEMPLATES = Path(settings.BASE_DIR) / "templates"


def test_every_colour_has_its_swatch() -> None:
    text = (FOLDER / "colours.css").read_text()
    for colour in COLOURS:
        shown = re.search(rf"\.colour-{colour.slug} {{ background: ([^;]+);", text)
        assert shown, colour.slug
        if colour.slug != "multi":
            assert shown.group(1) == "#{:02x}{:02x}{:02x}".format(*colour.rgb)
    assert text.count(".colour-") == len(COLOURS)


def test_every_icon_that_a_page_uses_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="(\w+)"', (FOLDER / "icons.svg").read_text()))
    used = {
        name
        for page in TEMPLATES.rglob("*.html")
        for name in re.findall(r"icons\.svg' %}#(\w+)", page.read_text())
    }
    assert used <= drawn


ALONE = {"report_file.html"}
"""Read from a disk, as a file of its own: it must carry its style, and no policy is sent."""
SERVED = sorted(page for page in TEMPLATES.rglob("*.html") if page.name not in ALONE)


@pytest.mark.parametrize("page", SERVED, ids=lambda page: page.name)
def test_templates_keep_to_the_content_security_policy(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"\sstyle=|\son(click|change|load|submit|error)=|<style\b", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)[^>]*>", text)
    assert not re.search(r"""(?:src|href)=["']https?://""", text)
