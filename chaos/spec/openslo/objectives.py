"""Translate an OpenSLO objective, with its indicator, into midnight's SLO."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.spec.openslo.indicators import Asked, AskedOfPrometheus
from chaos.spec.openslo.models import Objective, SloSpec
from chaos.spec.units import Exact
from chaos.spec.yamlfile import Where


@dataclass(frozen=True, slots=True)
class Translated:
    """An SLO as in midnight's own files, and the origin of each key: `latency`, or `prometheus.good`."""

    value: Mapping[str, Any]
    at: Where
    keys: Mapping[str, Where]

    def where(self, *place: int | str) -> Where:
        exact = self.keys.get(".".join(map(str, place[:2])))
        return exact or self.keys.get(str(place[0]) if place else "", self.at)


def translated(
    name: str, at: Where, spec: SloSpec, number: int, asked: Asked | AskedOfPrometheus
) -> Translated:
    """Return the SLO for one objective of the document `at`. Raises FileError if it cannot be measured."""
    objective, here = spec.objectives[number], at.under("spec", "objectives", number)
    value: dict[str, Any] = {"name": name}
    keys = {"name": at.under("metadata", "name")}
    if isinstance(asked, Asked):
        more, places = _hits(here, objective, asked)
    else:
        more, places = _queries(here, objective, asked)
    value |= more
    keys |= places
    value |= _timeslices(at, spec, here, objective)
    keys["timeslices"] = here.under("timeSliceWindow")
    if spec.timeWindow:
        value["period"] = Exact(_period(at.under("spec", "timeWindow", 0), spec))
    return Translated(value, at, keys)


_Part = tuple[dict[str, Any], dict[str, Where]]
"""Some keys of an SLO, and the origin of each."""


def _hits(here: Where, objective: Objective, asked: Asked) -> _Part:
    target, target_at = _target(here, objective)
    value: dict[str, Any] = {"route": asked.hits.route, "step": asked.hits.step}
    keys = {"route": asked.at.under("route"), "step": asked.at.under("step")}
    if asked.timed:
        value["latency"] = {"share": Exact(target), "below": Exact(_threshold(here, objective))}
        keys["latency"] = here.under("value")
    else:
        _only_with(here, objective, ("op", "value"), "a thresholdMetric")
        value["availability"] = Exact(target)
        keys["availability"] = target_at
    return value, keys


def _queries(here: Where, objective: Objective, asked: AskedOfPrometheus) -> _Part:
    target, target_at = _target(here, objective)
    value: dict[str, Any] = {"share": Exact(target), **asked.value}
    keys = {"prometheus": here, "prometheus.share": target_at}
    keys |= {f"prometheus.{part}": at for part, at in asked.places.items()}
    if "values" in asked.value:
        op, bound = _compared(here, objective)
        value |= {"op": op, "bound": bound}
    else:
        _only_with(here, objective, ("op", "value"), "a thresholdMetric")
    return {"prometheus": value}, keys


def refuse_composite(at: Where, objective: Objective) -> None:
    for key in ("indicator", "indicatorRef", "compositeWeight"):
        if getattr(objective, key) is not None:
            raise at.under(key).broken("composite objectives are not supported: write an SLO for each part")


def _target(at: Where, objective: Objective) -> tuple[float, Where]:
    if (objective.target is None) == (objective.targetPercent is None):
        raise at.broken("an objective has exactly one of target and targetPercent")
    if objective.targetPercent is not None:
        return objective.targetPercent / 100, at.under("targetPercent")
    assert objective.target is not None, "one of the two is given"
    return objective.target, at.under("target")


def _threshold(at: Where, objective: Objective) -> float:
    """Return the threshold in seconds, inclusive; for `lt` the next smaller number."""
    op, value = _compared(at, objective)
    if op in ("gte", "gt"):
        raise at.under("op").broken("would demand slow answers: use lte or lt for a latency", op)
    if value <= 0:
        raise at.under("value").broken("must be greater than 0", value)
    return value if op == "lte" else math.nextafter(value, 0)


def _compared(at: Where, objective: Objective) -> tuple[str, float]:
    if objective.op is None or objective.value is None:
        raise at.under("op" if objective.op is None else "value").broken("is required for a thresholdMetric")
    return objective.op, objective.value


def _timeslices(at: Where, spec: SloSpec, here: Where, objective: Objective) -> dict[str, Any]:
    if spec.budgetingMethod == "Occurrences":
        _only_with(here, objective, ("timeSliceTarget", "timeSliceWindow"), "budgetingMethod Timeslices")
        return {}
    if spec.budgetingMethod != "Timeslices":
        rule = "is not supported: use Occurrences or Timeslices"
        raise at.under("spec", "budgetingMethod").broken(rule, spec.budgetingMethod)
    for key in ("timeSliceTarget", "timeSliceWindow"):
        if getattr(objective, key) is None:
            raise here.under(key).broken("is required for budgetingMethod Timeslices")
    window, share = objective.timeSliceWindow, objective.timeSliceTarget
    assert window is not None and share is not None, "both are given"
    return {"timeslices": {"window": Exact(window), "target": Exact(share)}}


def _period(at: Where, spec: SloSpec) -> float:
    window = spec.timeWindow[0]
    if window.calendar is not None or not window.isRolling:
        key = "calendar" if window.calendar is not None else "isRolling"
        raise at.under(key).broken("calendar-aligned windows are not supported: use a rolling one")
    return window.duration


def _only_with(at: Where, objective: Objective, keys: tuple[str, ...], what: str) -> None:
    for key in keys:
        if (value := getattr(objective, key)) is not None:
            raise at.under(key).broken(f"is only for {what}", value)
