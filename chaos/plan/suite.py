"""The plans of a suite: all of them are checked before the first is played."""

from __future__ import annotations

from pathlib import Path

from chaos.checks import suite
from chaos.plan import build as plans
from chaos.plan.planned import Plan


def build(path: Path, target: str, profile: str | None = None, seed: int = 1) -> list[Plan]:
    """The plan of each scenario of the suite in the file. Raises FileError or UsageError."""
    scenarios = suite.load(path).scenarios
    return [plans.build(each.experiment, target, profile, seed, each.set) for each in scenarios]
