"""The first line of a verdict: the outcome, what decided it, what was not exercised, what broke first."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.checks.chain import broke_first
from chaos.checks.finding import Finding, Outcome
from chaos.checks.link import Link

ABOUT_THE_RUN = frozenset({"completeness", "steady", "effect", "honesty"})
"""Checks that say whether the run proves anything; all others judge the target."""


def headline(outcome: Outcome, findings: Sequence[Finding], chain: list[Link]) -> str:
    """One line, such as `FAIL: p99 5.2 s > 2 s; broke first: disk I/O rises (12.3 s into the play: ...)`."""
    told = {
        Outcome.PASS: [each for each in findings if each.check not in ABOUT_THE_RUN],
        Outcome.FAIL: list(findings),
        Outcome.UNKNOWN: list(findings),
    }[outcome]
    parts = [each.because for each in told if each.outcome is outcome]
    if outcome is Outcome.FAIL:
        if first := broke_first(chain):
            parts.append(f"broke first: {first.title} ({first.because})")
        parts += _named("unknown", [each for each in findings if each.outcome is Outcome.UNKNOWN])
    parts += _named("not exercised", [each for each in findings if each.outcome is Outcome.NOT_EXERCISED])
    return f"{_opening(outcome, findings)}: {'; '.join(parts)}"


def _opening(outcome: Outcome, findings: Sequence[Finding]) -> str:
    """`PASS`, or `PASS, 3 of 4 links exercised` where an optional step had no effect."""
    effects = [each for each in findings if each.check == "effect"]
    idle = sum(each.outcome is Outcome.NOT_EXERCISED for each in effects)
    word = outcome.name
    return f"{word}, {len(effects) - idle} of {len(effects)} links exercised" if idle else word


def _named(what: str, findings: Sequence[Finding]) -> list[str]:
    return [f"{what}: {', '.join(each.name for each in findings)}"] if findings else []
