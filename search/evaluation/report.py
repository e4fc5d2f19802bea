"""What was measured as a table on the terminal, as JSON, and as Markdown for the documentation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from search.evaluation.headings import METRICS
from search.evaluation.metrics import Estimate
from search.evaluation.protocol import Measured


def print_table(measured: Measured, console: Console) -> None:
    """One row per method; each figure with its 95 % interval."""
    table = Table(
        title=f"{measured.task} · {measured.encoder}",
        caption=f"{measured.setting}; 95 % bootstrap intervals over queries",
        title_justify="left",
        caption_justify="left",
    )
    head, *rows = _lines(measured)
    table.add_column(head[0], no_wrap=True)
    for name in head[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def write_json(measured: Sequence[Measured], file: Path) -> None:
    """One task: its object. Several: a list of them."""
    objects = [one.as_json() for one in measured]
    text = json.dumps(objects[0] if len(objects) == 1 else objects, indent=2)
    write_text(file, text + "\n")


def write_markdown(measured: Sequence[Measured], file: Path) -> None:
    """A section for each task, as docs/evaluation.md shows its results."""
    write_text(file, "\n".join(_markdown(one) for one in measured))


def write_text(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def columns_of(measured: Measured) -> list[str]:
    """The metrics that a row has, in the order of ``METRICS``."""
    there = {name for row in measured.rows.values() for name in row}
    return [name for name in METRICS if name in there]


def extras_of(measured: Measured) -> list[str]:
    """Headings of what is no metric."""
    return list(dict.fromkeys(name for row in measured.extras.values() for name in row))


def figure_of(estimate: Estimate | None) -> str:
    """``.627 [.590, .666]``."""
    if estimate is None:
        return "–"
    value, low, high = (
        f"{number:.3f}".removeprefix("0")
        for number in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"


def _lines(measured: Measured) -> list[list[str]]:
    columns, headings = columns_of(measured), extras_of(measured)
    lines = [["method", *(METRICS[name] for name in columns), *headings]]
    for method, row in measured.rows.items():
        beside = measured.extras.get(method, {})
        lines.append(
            [
                method,
                *(figure_of(row.get(name)) for name in columns),
                *(beside.get(heading, "–") for heading in headings),
            ]
        )
    return lines


def _markdown(measured: Measured) -> str:
    head, *rows = _lines(measured)
    table = [head, ["---"] * len(head), *rows]
    lines = ["| " + " | ".join(cells) + " |" for cells in table]
    return "\n".join(
        [
            f"### {measured.task}", "",
            f"Encoder `{measured.encoder}`. {measured.setting[:1].upper()}{measured.setting[1:]}.",
            "", *lines, "",
        ]
    )  # fmt: skip
