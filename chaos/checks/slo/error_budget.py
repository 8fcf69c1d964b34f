"""The error budget of a ratio, and how much of it such a run would consume."""

from __future__ import annotations

from typing import Any

from chaos.checks.text import amount
from chaos.spec.slo import Slo
from chaos.spec.units import show_days


def error_budget(slo: Slo, seen: float | None, seconds: float) -> dict[str, Any]:
    """Return as evidence the share of the SLO period's budget that `seconds` of play at this ratio consume.

    bad fraction x play length / ((1 - target) x period); None without hits, or if nothing may be bad.
    """
    target = slo.target
    if target is None:
        return {}
    if target >= 1:
        return {"budget_consumed": None, "error_budget": "a target of 100 % has no error budget"}
    if seen is None:
        return {"budget_consumed": None}
    consumed = (1 - seen) * seconds / ((1 - target) * slo.period)
    told = f"this run would consume {amount(consumed * 100)} % of the {show_days(slo.period)} error budget"
    return {"budget_consumed": consumed, "error_budget": told}
