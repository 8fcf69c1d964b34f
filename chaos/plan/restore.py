"""An experiment with `restore:` and a target that is a backup -> what a run will do, with nothing touched yet."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.plan import build as plans
from chaos.spec import restore_experiment, yamlfile
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
        """Where the scratch directory is made."""
        return (self.options.scratch or Path(tempfile.gettempdir())).absolute()

    def to_json(self) -> dict[str, Any]:
        """The plan for a machine. Times are seconds."""
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

    def lines(self) -> list[str]:
        """The plan for a reader."""
        options, restore = self.options, self.experiment.restore
        archive = f" and the archive {options.archive}" if options.archive else ""
        text = [f"restore   the newest {options.kind} of {options.path}{archive} below {self.place}"]
        if options.heartbeat is not None:
            text.append(f"heartbeat {options.heartbeat.table}.{options.heartbeat.column}")
        text += [f"query     {query.name}" for query in options.queries]
        return [*text, f"verify    {'the files as they lie there' if restore.verify else 'nothing'}"]


def build(name: str, target: str) -> RestorePlan:
    """Raises FileError or UsageError before anything is touched."""
    path = yamlfile.search(name, "experiments")
    experiment = restore_experiment.load(path)
    target_path = yamlfile.search(target, "targets")
    found, _, options = plans.target_of(target_path)
    if not isinstance(options, BackupOptions):
        rule = f"{experiment.name} restores a backup: it needs a target with driver backup"
        raise Where.read(target_path).under("driver").broken(rule, found.driver)
    return RestorePlan(experiment, path, found, target_path, options)
