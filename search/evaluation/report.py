"""What was measured, as a table on the terminal, as JSON, and as one page that needs no network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from rich.console import Console
from rich.table import Table

from search.evaluation.metrics import Estimate
from search.evaluation.protocol import METRICS, Measured


def print_table(measured: Measured, console: Console) -> None:
    """One row per method; each figure with its 95 % interval."""
    columns = _columns(measured)
    table = Table(
        title=f"{measured.task} · {measured.encoder}",
        caption=f"{measured.setting}; 95 % bootstrap intervals over queries",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("method", no_wrap=True)
    for name in columns:
        table.add_column(METRICS[name], justify="right", no_wrap=True)
    headings = list(dict.fromkeys(name for row in measured.extras.values() for name in row))
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for method, row in measured.rows.items():
        beside = measured.extras.get(method, {})
        table.add_row(
            method,
            *(_figure(row.get(name)) for name in columns),
            *(beside.get(heading, "–") for heading in headings),
        )
    console.print(table)


def write_json(measured: Sequence[Measured], file: Path) -> None:
    """One task: its object. Several: a list of them."""
    objects = [one.as_json() for one in measured]
    text = json.dumps(objects[0] if len(objects) == 1 else objects, indent=2)
    _write(file, text + "\n")


def write_html(measured: Sequence[Measured], file: Path) -> None:
    """One self-contained page: tables, and every figure drawn with its interval."""
    sections = "\n".join(_section(one) for one in measured)
    _write(file, _PAGE.format(sections=sections, style=_STYLE))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _columns(measured: Measured) -> list[str]:
    there = {name for row in measured.rows.values() for name in row}
    return [name for name in METRICS if name in there]


def _figure(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    value, low, high = (
        f"{number:.3f}".removeprefix("0")
        for number in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} [{low}, {high}]"


def _section(measured: Measured) -> str:
    columns = _columns(measured)
    head = "".join(f"<th scope=col>{escape(METRICS[name])}</th>" for name in columns)
    body = "".join(
        f"<tr><th scope=row>{escape(method)}</th>"
        + "".join(f"<td>{_cell(row.get(name))}</td>" for name in columns)
        + "</tr>"
        for method, row in measured.rows.items()
    )
    return (
        f"<section><h2>{escape(measured.task)}</h2><p>{escape(measured.encoder)}: "
        f"{escape(measured.setting)}.</p><table><thead><tr><th scope=col>method</th>{head}"
        f"</tr></thead><tbody>{body}</tbody></table></section>"
    )


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    low, high, at = (100 * x for x in (estimate.low, estimate.high, estimate.value))
    return (
        f"<b>{estimate.value:.3f}</b> <small>{estimate.low:.3f}–{estimate.high:.3f}</small>"
        f'<svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" '
        f'aria-label="{estimate.value:.3f} between {estimate.low:.3f} and {estimate.high:.3f}">'
        f'<rect width="100" height="8" class="scale"/>'
        f'<rect x="{low:.2f}" width="{max(high - low, 0.5):.2f}" height="8" class="range"/>'
        f'<rect x="{min(at, 99):.2f}" width="1" height="8" class="value"/></svg>'
    )


_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }
section { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .4rem .8rem; border-bottom: 1px solid #8884; }
th, td { text-align: left; white-space: nowrap; }
td svg { display: block; width: 8rem; height: .5rem; }
.scale { fill: #8883; } .range { fill: #4a8; } .value { fill: currentColor; }
"""
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Evaluation</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head>
<body><h1>Evaluation</h1>
<p>Each figure with its 95 % bootstrap interval over queries; bars run from 0 to 1.</p>
{sections}</body></html>
"""
