"""An experiment that restores the team's own backup; nothing is played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chaos.spec import yamlfile
from chaos.spec.broken import BrokenRule
from chaos.spec.experiment import Budget
from chaos.spec.units import Positive, show_seconds
from chaos.spec.yamlfile import Model, Name


class Restore(Model):
    within: Positive = 3600.0  # seconds after which it counts as failed
    verify: bool = True  # also check every file by the backup's own checksums


class Limits(Model):
    """Tighter than the budget, if that is too generous to reveal slow decay."""

    rto: Positive | None = None
    rpo: Positive | None = None


class RestoreExperiment(Model):
    name: Name
    title: str
    restore: Restore
    limits: Limits = Limits()
    budget: Budget = Budget()

    @property
    def rto(self) -> float:
        """The stricter of limit and budget: breaking either one fails."""
        return min(self.budget.rto, self.limits.rto or self.budget.rto)

    @property
    def rpo(self) -> float:
        return min(self.budget.rpo, self.limits.rpo or self.budget.rpo)

    def broken_rules(self) -> Iterator[BrokenRule]:
        for kind in ("limits", "budget"):
            rto = getattr(self, kind).rto
            if rto is not None and rto >= self.restore.within:
                within = show_seconds(self.restore.within)
                rule = f"{show_seconds(rto)} cannot be broken: the restore is given up after {within}"
                yield BrokenRule(rule, kind, "rto")


def load(path: Path) -> RestoreExperiment:
    """Load the experiment in a file. Raises FileError for every broken rule."""
    return yamlfile.load(path, RestoreExperiment)
