"""An experiment of another kind: the team's own backup is restored, and nothing is played."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import model_validator

from chaos.spec import yamlfile
from chaos.spec.experiment import Budget
from chaos.spec.old_keys import KnowsOldKeys
from chaos.spec.units import Positive, show_seconds
from chaos.spec.yamlfile import BrokenRule, Model, Name


class Restore(Model):
    within: Positive = 3600.0  # seconds it may take before it counts as failed
    verify: bool = True  # every file against the backup's own checksums, beside the restore


class Limits(Model):
    """Tighter than the budget, where that is so generous that nobody would notice a slow decay."""

    rto: Positive | None = None
    rpo: Positive | None = None


class RestoreExperiment(KnowsOldKeys):
    name: Name
    title: str
    restore: Restore
    limits: Limits = Limits()
    budget: Budget = Budget()

    @property
    def rto(self) -> float:
        """The stricter of limit and budget: either one broken fails."""
        return min(self.budget.rto, self.limits.rto or self.budget.rto)

    @property
    def rpo(self) -> float:
        return min(self.budget.rpo, self.limits.rpo or self.budget.rpo)

    @model_validator(mode="after")
    def _can_be_broken(self) -> Self:
        for kind in ("limits", "budget"):
            rto = getattr(self, kind).rto
            if rto is not None and rto >= self.restore.within:
                within = show_seconds(self.restore.within)
                rule = f"{show_seconds(rto)} cannot be broken: the restore is given up after {within}"
                raise BrokenRule(rule, kind, "rto")
        return self


def is_restore(document: Any) -> bool:
    """Whether an experiment's document, or its record in `run.json`, is of this kind."""
    return isinstance(document, dict) and "restore" in document and "load" not in document


def load(path: Path) -> RestoreExperiment:
    """The experiment in a file. Raises FileError for the first broken rule."""
    return yamlfile.load(path, RestoreExperiment)
