"""The colours of the verdicts can be told apart by readers who see fewer colours, on reports and web pages alike."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from chaos.reports import trend_html
from tests.midnight import PROJECT

SHEETS = ("chaos/reports/templates/report.css", "chaos/web/static/page.css")
VERDICTS = ("pass", "fail", "unknown")
APART = 20.0
"""CIE76 distance: about ten times what is just noticeable side by side."""

SEEN = {
    "all": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    # Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
_XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]
_WHITE = (0.95047, 1.0, 1.08883)


def colours(sheet: str) -> dict[str, str]:
    text = (PROJECT / sheet).read_text()
    return {name: found[1] for name in VERDICTS if (found := re.search(rf"--{name}: (#[0-9a-f]{{6}})", text))}


def distance(one: str, other: str, seen: str) -> float:
    """CIE76 between two sRGB colours as such a reader sees them."""
    return float(np.linalg.norm(_lab(one, seen) - _lab(other, seen)))


def _lab(colour: str, seen: str) -> npt.NDArray[np.float64]:
    srgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = np.array(_XYZ) @ np.clip(np.array(SEEN[seen]) @ linear, 0, 1) / np.array(_WHITE)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("sheet", SHEETS)
def test_verdicts_are_told_apart_with_every_kind_of_sight(sheet: str, seen: str) -> None:
    found = colours(sheet)
    assert set(found) == set(VERDICTS)
    close = [
        pair for pair in combinations(found, 2) if distance(found[pair[0]], found[pair[1]], seen) < APART
    ]
    assert close == []


def test_green_and_red_would_not_be_told_apart() -> None:
    assert distance("#1b7f4d", "#b3261e", "all") > APART > distance("#1b7f4d", "#b3261e", "no red")


def test_a_verdict_has_the_same_colour_everywhere() -> None:
    report, page = map(colours, SHEETS)
    assert report == page
    assert {name: report[name] for name in trend_html.COLOURS} == trend_html.COLOURS
