"""Judge whether the last passing disaster-recovery drill is recent enough for a release."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chaos.errors import ExitCode
from chaos.gate.case import Case, CaseOutcome
from chaos.history.entry import Entry
from chaos.spec.units import show_days


def judge_drill(
    drills: Sequence[Entry], target: str, now: datetime, within: float, *, allow_partial: bool
) -> Case:
    """Return `fail` if the drill is too old or missing: a broken objective of the release. `within` in seconds."""
    passed = [
        each
        for each in drills
        if each.drill
        and not each.part  # a passing scenario of a failed drill is not a passing drill
        and each.target == target
        and each.verdict == "pass"
        and each.exit_code == ExitCode.PASS
        and (allow_partial or not each.partial)
    ]
    asked = f"required within {show_days(within)}"
    if not passed:
        return Case("drill", "last_passing_drill", "fail", f"no passing drill on {target}; {asked}", unit="s")
    newest = max(passed, key=lambda each: each.started)
    age = (now - datetime.fromisoformat(newest.started)) / timedelta(seconds=1)
    because = f"the last passing drill on {target} ({newest.run}) is {show_days(age)} old; {asked}"
    outcome: CaseOutcome = "pass" if age <= within else "fail"
    return Case("drill", "last_passing_drill", outcome, because, age, within, "s")
