"""The documentation says what the code does: settings, commands, exceptions, pages and links."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SETTINGS = ROOT / "shoefinder" / "settings"
ENV_READ = re.compile(r"""env(?:\.[a-z_]+)?\(\s*["']([A-Z][A-Z0-9_]+)["']""")


def settings_read() -> set[str]:
    return {name for path in SETTINGS.glob("*.py") for name in ENV_READ.findall(path.read_text())}


def documented_settings() -> set[str]:
    text = (DOCS / "configuration.md").read_text()
    return set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)`", text, re.MULTILINE))


def test_every_setting_is_documented_and_no_other() -> None:
    assert documented_settings() == settings_read()


def test_the_sample_environment_names_only_settings_that_exist() -> None:
    text = (ROOT / ".env.sample").read_text()
    named = set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))
    assert named
    assert named <= settings_read()


def commands() -> set[str]:
    return {
        path.stem
        for path in ROOT.glob("*/management/commands/*.py")
        if path.parent.parent.parent.name in {"catalog", "crawler", "search", "shoefinder"}
        and path.stem != "__init__"
    }


def test_every_command_is_documented() -> None:
    text = (DOCS / "commands.md").read_text()
    documented = set(re.findall(r"^\| `manage\.py ([a-z_]+)", text, re.MULTILINE))
    assert documented == commands()


def test_every_target_of_make_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):.*##", makefile, re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]
    named = {name for page in pages for name in re.findall(r"`make ([a-z]+)", page.read_text())}
    assert {"demo", "test", "evening"} <= named
    assert named - {"help"} <= targets


def exceptions() -> set[str]:
    found: set[str] = set()
    for package in ("catalog", "crawler", "search"):
        path = ROOT / package / "exceptions.py"
        if path.exists():
            tree = ast.parse(path.read_text())
            found |= {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    return found


def test_every_exception_is_documented() -> None:
    text = (DOCS / "errors.md").read_text()
    documented = set(re.findall(r"^\| `([A-Za-z]+)`", text, re.MULTILINE))
    assert documented == exceptions()


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if not route.startswith(("admin/", "api/")):
                found |= routes(pattern.url_patterns, route)
        else:
            found.add("/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route))
    return found


def test_every_page_is_documented() -> None:
    text = (DOCS / "pages.md").read_text()
    documented = set(re.findall(r"^\| `(/[^`]*)`", text, re.MULTILINE))
    assert documented == routes(get_resolver().url_patterns)


PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_adrs_are_numbered_without_gaps_and_titled() -> None:
    pages = sorted((DOCS / "adr").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        assert page.read_text().startswith(f"# {int(page.name[:4])}. "), page.name
