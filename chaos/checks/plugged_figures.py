"""The figures that plug-ins register under `midnight.figures`. One that cannot be used has no value, and the verdict
says why; without the plug-in, what was stored is kept and not shown."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Collection, Sequence
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from chaos.checks.check import attempt
from chaos.checks.figure import Figure, Figures
from chaos.checks.finding import Finding

if TYPE_CHECKING:
    from chaos.checks.measured import Measured

GROUP = "midnight.figures"
FINDING = "figures"  # the check of what says why one has no value

_NAME = re.compile(r"[a-z][a-z0-9_]*")

log = logging.getLogger(__name__)


def points() -> list[EntryPoint]:
    """What is registered under `midnight.figures`, by name."""
    return sorted(entry_points(group=GROUP), key=lambda point: point.name)


def usable(taken: Collection[str]) -> Sequence[Figure]:
    """Return those that can be loaded, by name. None replaces a figure of a `taken` name."""
    found: dict[str, Figure] = {}
    for point in points():
        try:
            found[point.name] = load(point, taken)
        except Exception as error:  # a plug-in may raise anything; the verdict has it as a finding
            log.debug("figure %s: %s", point.name, error, exc_info=True)
    return tuple(found.values())


def load(point: EntryPoint, taken: Collection[str]) -> Figure:
    """Return the figure that is registered. Raises TypeError, ValueError, and whatever its import raises."""
    found = point.load()
    if not isinstance(found, Figure):
        raise TypeError(f"{point.value}: must be a Figure, got {found!r}")
    if found.name != point.name or not _NAME.fullmatch(found.name):
        rule = f"must have the name {point.name!r}, of lower-case letters, digits and _"
        raise ValueError(f"{point.value}: {rule}, got {found.name!r}")
    if found.name in taken or [each.name for each in points()].count(found.name) > 1:
        raise ValueError(f"{point.value}: duplicate figure name {found.name!r}")
    if found.measure is None:
        raise ValueError(f"{point.value}: must have `measure`")
    if found.recall is not None or found.rank is not None or not found.indexed or found.metric:
        raise ValueError(f"{point.value}: cannot have `recall`, `rank`, `indexed` or `metric`")
    return found


def measured(run: Measured, taken: Collection[str]) -> tuple[Figures, list[Finding]]:
    """Return the value of each, None if there is none, and an `unknown` finding for each that raised."""
    values: Figures = {}
    findings: list[Finding] = []
    for point in points():
        values[point.name], broken = attempt(FINDING, partial(_measure, point, run, taken), name=point.name)
        findings += broken
    return values, findings


def _measure(point: EntryPoint, run: Measured, taken: Collection[str]) -> float | None:
    figure = load(point, taken)
    assert figure.measure is not None, "`load` refuses one without"
    if figure.drill and run.judged.experiment.drill is None:
        return None
    value = figure.measure(run)
    if value is not None and not math.isfinite(float(value)):
        raise ValueError(f"{point.value}: must measure a finite number or None, got {value}")
    return None if value is None else float(value)
