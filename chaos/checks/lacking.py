"""Lacking: requests and SLOs that the target has no routes or gauges for. They are named, and judge nothing."""

from __future__ import annotations

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.record.journal import Journal

NAME = "lacking"

_KINDS = ("requests", "slo")
"""Steps and limits have findings of their own checks."""


def check(judged: Judged) -> list[Finding]:
    """Return one finding for each; nothing if the target has what the experiment asks for."""
    left_out = judged.journal.manifest.lacking
    return [
        Finding(each.name, Outcome.NOT_EXERCISED, None, None, "", f"{each.what}: {each.because}")
        for each in left_out
        if each.kind in _KINDS
    ]


def why(journal: Journal, limit: str) -> str | None:
    """Return why a limit is not exercised on this target; None if the target has what it takes."""
    named = (each for each in journal.manifest.lacking if (each.kind, each.name) == ("limit", limit))
    return next((f"{each.what}: {each.because}" for each in named), None)
