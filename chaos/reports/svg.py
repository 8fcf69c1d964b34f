"""Figures as inline SVG: one style, text kept as text, reproducible output."""

from __future__ import annotations

import io
import re
from typing import Any

from markupsafe import escape
from matplotlib.figure import Figure

INK, SOFT, FAINT = "#1f2933", "#52606d", "#9aa5b1"
"""FAINT is too pale for text."""

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "midnight",
    "font.family": "sans-serif",
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

_PATH = re.compile(r' d="[^"]*"')
_REFERENCE = re.compile(r"""(\bid="|href="#|url\(#)""")
_DIGITS = re.compile(r"(\.\d)\d+")


def element(figure: Figure, name: str) -> str:
    """Return only the element, without prolog and date; coordinates in tenths of a point halve the size.

    `name` is what a screen reader says of it; identifiers within the element begin with it, so that several can be on
    one page.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = _PATH.sub(lambda path: _DIGITS.sub(r"\1", path[0]), text[text.index("<svg") :])
    prefix = re.sub(r"\W+", "-", name)
    text = _REFERENCE.sub(lambda found: f"{found[1]}{prefix}-", text)
    return text.replace("<svg ", f'<svg role="img" aria-label="{escape(name)}" ', 1)
