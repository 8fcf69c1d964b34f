"""A run against its baseline, figure by figure."""

from __future__ import annotations

from chaos.gate.case import Case
from chaos.gate.tolerance import FIGURES, Figure, Tolerance, Tolerances
from chaos.memory.entry import Figures

NOISE = 1e-9  # of adding and multiplying floats


def compare(figures: Figures, baseline: Figures, tolerances: Tolerances) -> list[Case]:
    """A case for each figure that is compared: it fails where it is worse by more than its tolerance."""
    found = []
    for figure in FIGURES:
        tolerance = tolerances[figure.name]
        if tolerance is not None:
            found.append(_compare(figure, figures[figure.name], baseline[figure.name], tolerance))
    return found


def _compare(figure: Figure, measured: float | None, baseline: float | None, tolerance: Tolerance) -> Case:
    if baseline is None:
        because = f"the baseline has no {figure.name}"
        return Case("baseline", figure.name, "not exercised", because, measured, None, figure.unit)
    if measured is None:
        because = f"{figure.name} was not measured, and the baseline has {figure.show(baseline)}"
        return Case("baseline", figure.name, "unknown", because, None, None, figure.unit)
    room = tolerance.allowed(baseline)
    worse_by = _difference(baseline, measured) if figure.higher_is_better else _difference(measured, baseline)
    limit = baseline - room if figure.higher_is_better else baseline + room
    held = worse_by <= room + NOISE
    shown = f"{figure.name} {figure.show(measured)}, baseline {figure.show(baseline)}"
    if worse_by > 0:
        shown += f": worse by {figure.show(worse_by)}, {figure.show(room)} allowed"
    return Case("baseline", figure.name, "pass" if held else "fail", shown, measured, limit, figure.unit)


def _difference(a: float, b: float) -> float:
    return 0.0 if a == b else a - b  # two infinities do not differ
