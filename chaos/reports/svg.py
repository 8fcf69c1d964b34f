"""Figures as inline SVG: one style, text kept as text, reproducible output."""

from __future__ import annotations

import io
import re
from typing import Any

from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from chaos.spec.units import show_seconds

INK, SOFT, FAINT = "#1f2933", "#52606d", "#9aa5b1"
"""FAINT is too pale for text."""

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "midnight",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": 9,
    "text.parse_math": False,
    "axes.edgecolor": "#cbd2d9",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 5,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 8,
}

_PATH = re.compile(r' d="([^"]*)"')
_POINT = re.compile(r"([ML]) (\S+) (\S+)\s*|(z)\s*")
_REFERENCE = re.compile(r"""(\bid="|href="#|url\(#)""")
_ID = re.compile(r' id="([^"]*)"')
_TARGET = re.compile(r"""(?:href="#|url\(#)([^")]+)""")
_DIGITS = re.compile(r"(\.\d)\d+")


_EVEN = (
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    20,
    30,
    60,
    120,
    300,
    600,
    1200,
    1800,
    3600,
    7200,
    14400,
    43200,
    86400,
)
"""Seconds between two marks of an axis."""


def mark_times(axis: Axes, length: float, most: int) -> None:
    """Mark the lower axis, of so many seconds, at most so often, with times as midnight writes them."""
    apart = next((each for each in _EVEN if length <= each * most), length)
    axis.xaxis.set_major_locator(MultipleLocator(apart))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: show_seconds(value)))


def element(figure: Figure, name: str) -> str:
    """Return only the element, without prolog and date, at a third of its size: see `_smaller`.

    `name` is what a screen reader says of it; identifiers within the element begin with it, so that several can be on
    one page.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = _PATH.sub(lambda path: f' d="{_smaller(path[1])}"', text[text.index("<svg") :])
    text = re.sub(r"\n\s+", "\n", text)
    used = set(_TARGET.findall(text))
    text = _ID.sub(lambda given: given[0] if given[1] in used else "", text)
    prefix = re.sub(r"\W+", "-", name)
    text = _REFERENCE.sub(lambda found: f"{found[1]}{prefix}-", text)
    return text.replace("<svg ", f'<svg role="img" aria-label="{escape(name)}" ', 1)


def _smaller(path: str) -> str:
    """Return the path with coordinates in tenths of a point, and without points on the way between two others at the
    same height: gauges mostly stand still."""
    path = _DIGITS.sub(r"\1", path)
    if _POINT.sub("", path):  # curves
        return path
    kept: list[tuple[str, str, str]] = []
    for command, x, y, close in _POINT.findall(path):
        flat = [each[2] for each in kept[-2:]] == [y, y] and kept[-1][0] == command == "L"
        if flat and _between(kept[-2][1], kept[-1][1], x):
            kept.pop()
        kept.append((command or close, x, y))
    return " ".join(f"{command}{x} {y}".rstrip() for command, x, y in kept)


def _between(start: str, point: str, end: str) -> bool:
    return min(float(start), float(end)) <= float(point) <= max(float(start), float(end))
