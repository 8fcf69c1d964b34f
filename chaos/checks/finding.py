"""A finding of a check: an outcome with its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Unit = Literal["ratio", "s", "count", "bytes", ""]


class Outcome(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_EXERCISED = "not exercised"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One outcome of one check, which sets `check` to its own name.

    `measured` and `allowed` are in `unit` (ratios from 0 to 1); `measured` is infinite if a percentile falls
    on a hit that was never good, None if nothing could be measured. With `lower_bound` it may be larger: a time
    had not ended when the observation did, or not all that is counted was seen. `because` is one plain sentence
    with the numbers. `evidence` contains only JSON values, plus infinities.
    """

    check: str = field(default="", kw_only=True)
    name: str
    outcome: Outcome
    measured: float | None
    allowed: float | None
    unit: Unit
    because: str
    evidence: dict[str, Any] = field(default_factory=dict)
    lower_bound: bool = False


def recalled(finding: Mapping[str, Any]) -> Any:
    """Return what a finding of a verdict.json measured. JSON has no infinity: a percentile of hits that is null is
    infinite."""
    measured, evidence = finding.get("measured"), finding.get("evidence")
    ranked = isinstance(evidence, Mapping) and "percentile" in evidence and evidence.get("hits")
    return math.inf if measured is None and ranked else measured


_PRECEDENCE = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """fail > unknown > pass; `not exercised` and `warning` are neutral. UNKNOWN if nothing was judged."""
    given = set(outcomes)
    return next((outcome for outcome in _PRECEDENCE if outcome in given), Outcome.UNKNOWN)


def bounded(at_worst: bool, at_best: bool) -> Outcome:
    """Return the outcome, given whether a rule holds with all indeterminate hits bad, and with all good."""
    if at_worst and at_best:
        return Outcome.PASS
    if not at_worst and not at_best:
        return Outcome.FAIL
    return Outcome.UNKNOWN
