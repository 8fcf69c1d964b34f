"""Experiment with `restore:` + backup target -> RestorePlan. Nothing is touched yet."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.plan import build as plans
from chaos.spec import named_files, restore_experiment
from chaos.spec.restore_experiment import RestoreExperiment
from chaos.spec.target import Target
from chaos.spec.yamlfile import Where
from chaos.targets.backup.options import BackupOptions


@dataclass(frozen=True, slots=True)
class RestorePlan:
    experiment: RestoreExperiment
    experiment_file: Path
    target: Target
    target_file: Path
    options: BackupOptions

    @property
    def place(self) -> Path:
        """The directory in which the scratch directory is created."""
        return (self.options.scratch or Path(tempfile.gettempdir())).absolute()

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON. Times are in seconds."""
        return {
            "experiment": self.experiment.name,
            "target": self.target.name,
            "kind": self.options.kind,
            "path": str(self.options.path),
            "archive": str(self.options.archive) if self.options.archive else None,
            "scratch": str(self.place),
            "queries": [query.name for query in self.options.queries],
            "within": self.experiment.restore.within,
            "verify": self.experiment.restore.verify,
        }

    @property
    def aim(self) -> str:
        """The lock's name: two restores of one target would compete for disk space."""
        return self.target.name

    @property
    def warnings(self) -> tuple[str, ...]:
        return ()

    def lines(self) -> list[str]:
        """The plan as text."""
        options, restore = self.options, self.experiment.restore
        archive = f" and the archive {options.archive}" if options.archive else ""
        text = [f"restore   the newest {options.kind} of {options.path}{archive} under {self.place}"]
        if options.heartbeat is not None:
            text.append(f"heartbeat {options.heartbeat.table}.{options.heartbeat.column}")
        text += [f"query     {query.name}" for query in options.queries]
        return [*text, f"verify    {'the files as stored' if restore.verify else 'nothing'}"]


def build(name: str, target: str) -> RestorePlan:
    """Build the plan. Raises FileError or UsageError before anything is touched."""
    path = named_files.search(name, "experiments")
    experiment = restore_experiment.load(path)
    target_path = named_files.search(target, "targets")
    found, _, options = plans.target_of(target_path)
    if not isinstance(options, BackupOptions):
        rule = f"{experiment.name} restores a backup and needs a target with driver backup"
        raise Where.read(target_path).under("driver").broken(rule, found.driver)
    return RestorePlan(experiment, path, found, target_path, options)
