"""Findings as pictures in a page that needs no network: SVG and JPEG as data addresses."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

from search.evaluation.datasets import DatasetError
from search.evaluation.embeddings import photo_open
from search.evaluation.findings import Confusion, Curve, Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

THUMBNAIL: Final = 132
"""Longer side of an example's photo, in pixels."""


def drawn(finding: Curve | Confusion | Reliability) -> str:
    """A data address of an SVG; always dark on white, whatever the page around it."""
    figure, axes = _figure(_size(finding))
    if isinstance(finding, Curve):
        _curve(axes, finding)
    elif isinstance(finding, Confusion):
        _confusion(axes, finding)
    else:
        _reliability(axes, finding)
    kept = io.BytesIO()
    figure.savefig(kept, format="svg", bbox_inches="tight", metadata={"Date": None})
    return _address("image/svg+xml", kept.getvalue())


def thumbnail(photo: Path | None) -> str:
    """A data address of a small JPEG; empty where there is no such photo any more."""
    if photo is None:
        return ""
    try:
        image = photo_open(photo)
    except DatasetError:
        return ""
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=75)
    return _address("image/jpeg", kept.getvalue())


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _size(finding: Curve | Confusion | Reliability) -> tuple[float, float]:
    if isinstance(finding, Confusion):
        side = max(3.5, 0.22 * len(finding.names) + 2)
        return side, side
    return 6.4, 4.0


def _figure(size: tuple[float, float]) -> tuple[Figure, Axes]:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.fonttype"] = "none"  # letters, not outlines: a tenth of the size
    mpl.rcParams["svg.hashsalt"] = "shoefinder"
    figure = Figure(figsize=size)
    return figure, figure.subplots()


def _curve(axes: Axes, curve: Curve) -> None:
    for name, points in curve.lines.items():
        across, up = zip(*points, strict=True)
        mark = "o" if len(points) < 12 else ""
        axes.plot(across, up, marker=mark, markersize=4, linewidth=1.6, label=name)
    axes.set(xlabel=curve.across, ylabel=curve.up, ylim=(0, 1.02))
    if curve.logarithmic:
        from matplotlib.ticker import NullLocator

        ticks = sorted({x for points in curve.lines.values() for x, _ in points})
        axes.set_xscale("log")
        axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)


def _confusion(axes: Axes, confusion: Confusion) -> None:
    asked = confusion.counts.sum(axis=1, keepdims=True)
    axes.imshow(confusion.counts / asked.clip(1), cmap="Blues", vmin=0, vmax=1)
    places = range(len(confusion.names))
    small = {"fontsize": 7}
    axes.set_xticks(places, confusion.names, rotation=90, fontdict=small)
    axes.set_yticks(places, confusion.names, fontdict=small)
    axes.set(xlabel="taken for", ylabel="is")


def _reliability(axes: Axes, reliability: Reliability) -> None:
    confidence, right, counts = zip(*reliability.bins, strict=True)
    axes.plot((0, 1), (0, 1), color="grey", linestyle="--", linewidth=1, label="as it says")
    axes.plot(confidence, right, marker="o", label="measured")
    for x, y, count in zip(confidence, right, counts, strict=True):
        axes.annotate(str(count), (x, y), textcoords="offset points", xytext=(4, -11), fontsize=8)
    axes.set(xlabel="confidence", ylabel="share that was right", xlim=(0, 1), ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", frameon=False)
