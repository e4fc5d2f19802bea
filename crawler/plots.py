"""Plots drawn on the server as SVG in the page: no script, no inline style, the page's colours.

A plot library's SVG brings styles and scripts of its own, which the content security policy
refuses, or comes as a picture that does not follow dark mode. Geometry only; `_plot.html` draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import floor, log10

WIDTH, HEIGHT = 320.0, 120.0
LEFT, BOTTOM, TOP = 44.0, 18.0, 8.0
MAX_ROWS = 60
"""Of the table beside a plot."""


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one kind, one for each date."""

    name: str
    values: Sequence[float]
    bad: bool = False
    """Drawn in the colour of errors."""


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(slots=True)
class Drawn:
    """A series as shapes."""

    series: Series
    line: str = ""
    bars: list[Bar] = field(default_factory=list)


@dataclass(slots=True)
class Plot:
    """Series over dates; as many values as dates."""

    title: str
    dates: Sequence[date]
    series: Sequence[Series]
    bars: bool = False

    @property
    def top(self) -> float:
        """The scale's end: 1, 2 or 5 times a power of ten, at least 1."""
        most = max((value for one in self.series for value in one.values), default=0.0)
        if most <= 1:
            return 1.0
        power = 10.0 ** floor(log10(most))
        return next(step * power for step in (1, 2, 5, 10) if most <= step * power)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """(y, label) of the scale's lines."""
        return [(self._y(value), number(value)) for value in (0.0, self.top / 2, self.top)]

    @property
    def drawn(self) -> list[Drawn]:
        count = max(len(self.dates), 1)
        step = (WIDTH - LEFT) / count
        result = []
        for one in self.series:
            shapes = Drawn(one)
            if self.bars:
                for n, value in enumerate(one.values):
                    y = self._y(value)
                    if value > 0:
                        height = max(HEIGHT - BOTTOM - y, 0.5)
                        shapes.bars.append(
                            Bar(_r(LEFT + n * step), _r(HEIGHT - BOTTOM - height),
                                _r(max(step * 0.8, 0.5)), _r(height))
                        )  # fmt: skip
            else:
                points = (
                    f"{_r(LEFT + (n + 0.5) * step)},{_r(self._y(value))}"
                    for n, value in enumerate(one.values)
                )
                shapes.line = " ".join(points)
            result.append(shapes)
        return result

    @property
    def words(self) -> str:
        """What the plot says, for those who do not see it."""
        told = [
            f"{one.name} from {number(one.values[0])} to {number(one.values[-1])}, "
            f"at most {number(max(one.values))}"
            for one in self.series
            if one.values
        ]
        return f"{self.title}: {'; '.join(told)}." if told else f"{self.title}: nothing yet."

    @property
    def rows(self) -> list[tuple[date, list[str]]]:
        """The newest values as a table, newest first; days without anything are left out."""
        rows = [
            (day, [number(one.values[n]) for one in self.series])
            for n, day in enumerate(self.dates)
            if any(one.values[n] for one in self.series)
        ]
        return rows[::-1][:MAX_ROWS]

    def _y(self, value: float) -> float:
        return _r(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * min(value / self.top, 1.0))


def _r(value: float) -> float:
    return round(value, 2)


def number(value: float) -> str:
    """1234567 → "1.2M": short enough for an axis."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{letter}"
    return f"{value:.3g}"
