"""What was measured as one page: tables, plots and examples in a single file, without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from search.evaluation.findings import Answer, Confusion, Example, Examples, Finding
from search.evaluation.headings import METRICS
from search.evaluation.metrics import Estimate
from search.evaluation.plots import drawn, thumbnail
from search.evaluation.protocol import Measured
from search.evaluation.report import columns_of, extras_of, write_text


def write_html(measured: Sequence[Measured], file: Path) -> None:
    """One self-contained page of all tasks."""
    write_text(file, page_of(measured))


def page_of(measured: Sequence[Measured]) -> str:
    """The page; its only style is ``STYLE``, so that a policy can allow it by its hash."""
    links = "".join(f'<li><a href="#{one.task}">{escape(one.task)}</a></li>' for one in measured)
    contents = f"<nav aria-label=Tasks><ul>{links}</ul></nav>" if len(measured) > 1 else ""
    sections = "\n".join(_section(one) for one in measured)
    return _PAGE.format(contents=contents, sections=sections, style=STYLE)


def _section(measured: Measured) -> str:
    columns, headings = columns_of(measured), extras_of(measured)
    head = "".join(
        f"<th scope=col>{escape(name)}</th>"
        for name in (*(METRICS[column] for column in columns), *headings)
    )
    body = "".join(
        f"<tr><th scope=row>{escape(method)}</th>"
        + "".join(f"<td>{_cell(row.get(name))}</td>" for name in columns)
        + "".join(
            f"<td>{escape(measured.extras.get(method, {}).get(heading, '–'))}</td>"
            for heading in headings
        )
        + "</tr>"
        for method, row in measured.rows.items()
    )
    found = "".join(_finding(finding) for finding in measured.findings)
    task = escape(measured.task)
    return (
        f"<section id={task}><h2>{task}</h2><p><code>{escape(measured.encoder)}</code>: "
        f"{escape(measured.setting)}.</p>"
        f'<div class=table tabindex=0 role=region aria-label="Figures of {task}"><table><thead><tr>'
        f"<th scope=col>method</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"{found}</section>"
    )


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    low, high, at = (100 * x for x in (estimate.low, estimate.high, estimate.value))
    return (
        f"<b>{estimate.value:.3f}</b> <small>{estimate.low:.3f}–{estimate.high:.3f}</small>"
        f'<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="100" height="8" class="scale"/>'
        f'<rect x="{low:.2f}" width="{max(high - low, 0.5):.2f}" height="8" class="range"/>'
        f'<rect x="{min(at, 99):.2f}" width="1" height="8" class="value"/></svg>'
    )


def _finding(finding: Finding) -> str:
    title = escape(finding.title)
    if isinstance(finding, Examples):
        if not finding.shown:
            return ""
        return f"<h3>{title}</h3><ol class=examples>{''.join(map(_example, finding.shown))}</ol>"
    if isinstance(finding, Confusion):
        return f"<h3>{title}</h3>{_pairs(finding)}{_plot(finding, title)}"
    return f"<h3>{title}</h3>{_plot(finding, title)}"


def _plot(finding: Finding, title: str) -> str:
    assert not isinstance(finding, Examples)  # noqa: S101
    return f'<img class=plot alt="Plot: {title}" src="{drawn(finding)}">'


def _pairs(confusion: Confusion) -> str:
    rows = "".join(
        f"<tr><td>{escape(true)}</td><td>{escape(said)}</td><td>{count} of {asked}</td></tr>"
        for true, said, count, asked in confusion.pairs()
    )
    if not rows:
        return "<p>No mistake.</p>"
    return (
        '<div class=table tabindex=0 role=region aria-label="Most frequent mistakes"><table>'
        "<thead><tr><th scope=col>is</th><th scope=col>taken for</th><th scope=col>how often</th>"
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _example(example: Example) -> str:
    answers = "".join(map(_answer, example.answers))
    return (
        f"<li><figure>{_photo(example.photo, 'the query')}"
        f"<figcaption>{escape(example.asked)}</figcaption></figure>"
        f'<div class=answers aria-label="What came first">{answers}</div></li>'
    )


def _answer(answer: Answer) -> str:
    kind = "right" if answer.right else "wrong"
    return (
        f"<figure class={kind}>{_photo(answer.photo, '')}"
        f"<figcaption>{escape(answer.label)}{' ✓' if answer.right else ''}</figcaption></figure>"
    )


def _photo(photo: Path | None, alt: str) -> str:
    address = thumbnail(photo)
    return f'<img alt="{escape(alt)}" src="{address}">' if address else "<span>no photo</span>"


STYLE: Final = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 80rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; padding: 0; list-style: none; }
section { margin-top: 3rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .4rem .8rem; border-bottom: 1px solid #8884; }
th, td { text-align: left; white-space: nowrap; }
td svg { display: block; width: 8rem; height: .5rem; }
.scale { fill: #8883; } .range { fill: #4a8; } .value { fill: currentColor; }
.plot { display: block; max-width: 100%; height: auto; margin: 1rem 0; background: #fff; }
.examples { padding: 0; list-style: none; display: grid; gap: 1rem; }
.examples li { display: flex; flex-wrap: wrap; gap: 1rem; border-bottom: 1px solid #8884; }
.answers { display: flex; flex-wrap: wrap; gap: .5rem; }
figure { width: 8.5rem; margin: 0 0 .8rem; font-size: .85rem; line-height: 1.3; }
figure img { display: block; max-width: 100%; border: 2px solid #8886; background: #fff; }
.right img { border-color: #2a7; }
"""
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Evaluation</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>
<body><h1>Evaluation</h1>
<p>Each figure with its 95 % bootstrap interval over queries; bars run from 0 to 1.</p>
{contents}{sections}</body></html>
"""
