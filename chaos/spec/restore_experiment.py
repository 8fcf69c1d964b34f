"""An experiment of another kind: the team's own backup is restored, and nothing is played."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import model_validator

from chaos.spec import yamlfile
from chaos.spec.experiment import Promise
from chaos.spec.units import Positive, show_seconds
from chaos.spec.yamlfile import BrokenRule, Model, Name


class Restore(Model):
    within: Positive = 3600.0  # seconds it may take before it counts as failed
    verify: bool = True  # every file against the backup's own checksums, beside the restore


class Limits(Model):
    """Tighter than the promise, where that is so generous that nobody would notice a slow decay."""

    rto: Positive | None = None
    rpo: Positive | None = None


class RestoreExperiment(Model):
    name: Name
    title: str
    restore: Restore
    limits: Limits = Limits()
    promise: Promise = Promise()

    @property
    def rto(self) -> float:
        """The stricter of limit and promise: either one broken fails."""
        return min(self.promise.rto, self.limits.rto or self.promise.rto)

    @property
    def rpo(self) -> float:
        return min(self.promise.rpo, self.limits.rpo or self.promise.rpo)

    @model_validator(mode="after")
    def _can_be_broken(self) -> Self:
        for kind in ("limits", "promise"):
            rto = getattr(self, kind).rto
            if rto is not None and rto >= self.restore.within:
                within = show_seconds(self.restore.within)
                rule = f"{show_seconds(rto)} cannot be broken: the restore is given up after {within}"
                raise BrokenRule(rule, kind, "rto")
        return self


def load(path: Path) -> RestoreExperiment:
    """The experiment in a file. Raises FileError for the first broken rule."""
    return yamlfile.load(path, RestoreExperiment)
