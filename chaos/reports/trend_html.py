"""Trends as one self-contained HTML file. No scripts, no network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import FuncFormatter, MaxNLocator

from chaos.history.trend import Movement, Trend
from chaos.reports import svg
from chaos.reports.show import show_value
from chaos.reports.trend_rows import extent, rows, standing, summary, title
from chaos.spec.userfile import write_text

COLOURS = {"pass": "#0b6cab", "fail": "#b34700"}
MARKERS = {"pass": ("^", "o"), "fail": ("v", "X")}  # of an infinite and of a finite value
_WIDTH, _HEIGHT = 11.2, 1.35  # inches, of the page and of one panel

_ENVIRONMENT = Environment(
    loader=PackageLoader("chaos.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_trends(trends: Sequence[Trend], path: Path) -> Path:
    """Write the page atomically, and return its path. Raises OSError."""
    return write_text(path, render(trends))


def render(trends: Sequence[Trend]) -> str:
    """Render the page. All names are escaped."""
    pages = [
        {
            "title": title(trend),
            "summary": summary(trend),
            "standing": standing(trend).value,
            "rows": rows(trend),
            "nights": [
                (night.started[:10], night.run, night.git or "", night.verdict) for night in trend.nights
            ],
            "not_drawn": [
                f"{each.figure.label}: {extent(each)}"
                for each in trend.movements
                if not _is_drawn(each) and extent(each)
            ],
            "drawing": Markup(_drawing(trend)),  # matplotlib escapes its texts
        }
        for trend in trends
    ]
    return _ENVIRONMENT.get_template("trend.html").render(trends=pages)


def _drawing(trend: Trend) -> str:
    """Draw one SVG element with a panel per figure that ever was finite; empty if none was."""
    shown = [each for each in trend.movements if _is_drawn(each)]
    if not shown:
        return ""
    with mpl.rc_context(svg.STYLE):  # type: ignore[arg-type]  # its keys: hundreds of literals
        drawing = Drawing(figsize=(_WIDTH, _HEIGHT * len(shown) + 0.3), layout="constrained")
        axes = drawing.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        for axis, movement in zip(axes, shown, strict=True):
            _panel(axis, movement, trend)
        axes[-1].set_xlabel("run")
        _name_nights(axes[-1], trend)
        return svg.element(drawing, f"Figures from run to run of {title(trend)}")


def _panel(axis: Axes, movement: Movement, trend: Trend) -> None:
    """Draw runs as points in the color and shape of their verdict; infinite values as triangles at the top."""
    finite = [value for value in movement.values if value is not None and math.isfinite(value)]
    top = max(finite) + 0.15 * (max(finite) - min(finite) or 1.0)
    axis.plot(
        [at for at, value in enumerate(movement.values) if _finite(value)], finite, color="#cbd2d9", zorder=1
    )
    for at, (value, night) in enumerate(zip(movement.values, trend.nights, strict=True)):
        if value is not None:
            finite_, verdict = math.isfinite(value), night.verdict or "fail"
            marker, colour = MARKERS[verdict][finite_], COLOURS[verdict]
            shown = value if finite_ else top
            axis.scatter([at], [shown], s=32, marker=marker, color=colour, zorder=2, clip_on=False)
    if movement.before is not None and math.isfinite(movement.before):
        axis.axhline(movement.before, color=svg.FAINT, linewidth=0.8, linestyle="--")
    bottom, top = axis.get_ylim()
    best = 1.0 if movement.figure.higher_is_better else top
    axis.set_ylim(max(0.0, bottom), min(top, best))  # no figure can be negative, no availability above 100 %
    unit = movement.figure.unit
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: show_value(value, unit)))
    axis.yaxis.set_major_locator(MaxNLocator(3))
    mark = f": {movement.state}" if movement.state in ("regression", "advisory") else ""
    axis.set_title(f"{movement.figure.label}{mark}", color=COLOURS["fail"] if mark else svg.INK)
    axis.grid(axis="y", color="#e4e7eb", linewidth=0.6)


def _name_nights(axis: Axes, trend: Trend) -> None:
    """Draw dates under as many runs as stay readable."""
    every = max(1, math.ceil(len(trend.nights) / 10))
    places = list(range(0, len(trend.nights), every))
    axis.set_xticks(places, [trend.nights[place].started[:10] for place in places])


def _is_drawn(movement: Movement) -> bool:
    return any(_finite(value) for value in movement.values)


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
