"""The tree is the architecture: who may import whom, held over the source itself.

Beside the layers of import-linter (``[tool.importlinter]`` in pyproject.toml), these rules look at
imports anywhere in a file, also inside functions: a lazy import is still a dependency.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("catalog", "crawler", "search", "shoefinder")

HEAVY = {"torch", "onnxruntime", "transformers", "sentence_transformers", "tokenizers"}


def sources(*folders: str) -> list[Path]:
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    )


@cache
def imports(path: Path) -> list[str]:
    """Dotted names of everything that ``path`` imports, wherever in the file."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            found += [node.module or ""]
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def offenders(paths: list[Path], forbidden: set[str]) -> list[str]:
    return [
        f"{relative(path)} imports {name}"
        for path in paths
        for name in imports(path)
        if any(name == bad or name.startswith(f"{bad}.") for bad in forbidden)
    ]


ARROWS = {
    "catalog": {"search", "crawler", "tests"},
    "search": {"crawler", "tests"},
    "crawler": {"tests"},
}


@pytest.mark.parametrize("package", ARROWS)
def test_imports_go_one_way(package: str) -> None:
    assert offenders(sources(package), ARROWS[package]) == []


def test_crawler_uses_only_the_task_of_search() -> None:
    deep = [
        line
        for line in offenders(sources("crawler"), {"search"})
        if not line.split(" imports ")[1].startswith("search.tasks")
    ]
    assert [line for line in deep if line.split(" imports ")[1] != "search"] == []


def test_only_scraping_imports_scrapy() -> None:
    others = [path for path in sources(*PACKAGES) if "crawler/scraping" not in relative(path)]
    assert offenders(others, {"scrapy", "twisted", "extruct", "itemadapter"}) == []


def test_only_stores_import_faiss() -> None:
    allowed = {"search/stores/faiss.py", "search/stores/hashes.py"}
    others = [path for path in sources(*PACKAGES) if relative(path) not in allowed]
    assert offenders(others, {"faiss"}) == []


def test_only_encoders_their_training_and_codes_import_the_heavy_libraries() -> None:
    homes = ("search/encoders/", "search/training/", "search/stores/codes.py")  # docs/adr/0011
    others = [path for path in sources(*PACKAGES) if not relative(path).startswith(homes)]
    assert offenders(others, HEAVY) == []


@pytest.mark.parametrize(
    ("folder", "other"),
    [("search/encoders", "search.stores"), ("search/stores", "search.encoders")],
)
def test_encoders_and_stores_know_neither_models_nor_each_other(folder: str, other: str) -> None:
    forbidden = {other, "search.models", "catalog.models", "django.db"}
    assert offenders(sources(folder), forbidden) == []


def test_private_parts_of_search_stay_behind_its_door() -> None:
    """Other packages use ``search`` itself and the modules that are doors by their role."""
    doors = ("search", "search.tasks", "search.selectors", "search.services", "search.encoders",
             "search.urls", "search.metrics")  # fmt: skip
    for line in offenders(sources("crawler", "shoefinder"), {"search"}):
        name = line.split(" imports ")[1]
        assert name in doors or name.rpartition(".")[0] in doors, line


def test_no_signals() -> None:
    """Writes go through services; a receiver far away would be a second way (docs/adr)."""
    bad = {"django.db.models.signals", "django.dispatch"}
    assert offenders(sources("catalog", "crawler", "search"), bad) == []


def test_library_code_never_exits() -> None:
    files = [p for p in sources(*PACKAGES) if "management/commands" not in relative(p)]
    exits = [
        f"{relative(path)}:{node.lineno}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"sys.exit", "exit", "quit"}
    ]
    assert exits == []
