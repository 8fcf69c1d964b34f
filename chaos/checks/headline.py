"""The first line of a verdict: outcome, deciding findings, what was not exercised, what broke first."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.checks.chain import broke_first
from chaos.checks.finding import Finding, Outcome
from chaos.checks.link import Link

ABOUT_THE_RUN = frozenset({"completeness", "steady", "effect", "answers", "instrument", "left_behind"})
"""Checks of whether the run proves anything; all others judge the target."""
UNTOLD = ABOUT_THE_RUN | {"runbook"}
"""Checks left out of the first line of a pass: the RTO sums up the runbook's steps."""


def headline(outcome: Outcome, findings: Sequence[Finding], chain: list[Link]) -> str:
    """Return one line, such as `FAIL: p99 5.2 s > 2 s; broke first: disk I/O rises (12.3 s into the play: ...)`."""
    parts = list(dict.fromkeys(each.because for each in _told(outcome, findings)))
    if outcome is Outcome.FAIL:
        if first := broke_first(chain):
            parts.append(f"broke first: {first.title} ({first.because})")
        parts += _named("unknown", [each for each in findings if each.outcome is Outcome.UNKNOWN])
    parts += _named("not exercised", [each for each in findings if each.outcome is Outcome.NOT_EXERCISED])
    parts += _named("warning: the answers", [each for each in findings if each.outcome is Outcome.WARNING])
    # a finding may quote several lines
    return " ".join(f"{_opening(outcome, findings)}: {'; '.join(parts)}".split())


def _told(outcome: Outcome, findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that decided the outcome. An incomplete run explains all other unknowns."""
    deciding = [each for each in findings if each.outcome is outcome]
    if outcome is Outcome.PASS:
        return [each for each in deciding if each.check not in UNTOLD]
    if outcome is Outcome.UNKNOWN:
        for root in ("steady", "completeness"):
            if causes := [each for each in deciding if each.check == root]:
                return causes
    return deciding


def _opening(outcome: Outcome, findings: Sequence[Finding]) -> str:
    """Return `PASS`, or `PASS, 3 of 4 links exercised` if a step proved no effect."""
    effects = [each.outcome is Outcome.PASS for each in findings if each.check == "effect"]
    word = outcome.name
    return word if all(effects) else f"{word}, {sum(effects)} of {len(effects)} links exercised"


def _named(what: str, findings: Sequence[Finding]) -> list[str]:
    return [f"{what}: {', '.join(each.name for each in findings)}"] if findings else []
