"""An experiment with `restore:` and a target that is a backup -> what a run will do, with nothing touched yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos import plan as plans
from chaos import preflight, restore_experiment, yamlfile
from chaos.driver import Wants
from chaos.errors import BackupUnusable, FileError, Refused
from chaos.host.privileges import SystemUser, can_reach, unprivileged_user
from chaos.postgres import Installation
from chaos.restore_experiment import RestoreExperiment
from chaos.restore_mine import source as sources
from chaos.restore_mine.base import BaseBackup
from chaos.restore_mine.dump import Dump
from chaos.restore_mine.kind import Kind
from chaos.restore_mine.scratch import place_of, too_long
from chaos.restore_mine.source import Source
from chaos.target import Target
from chaos.targets.backup.options import BackupOptions

KINDS: Mapping[str, type[Kind]] = {"base": BaseBackup, "dump": Dump}

ROOM = 2  # times what a restore is expected to take


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
        return place_of(self.options.scratch)

    def lines(self) -> list[str]:
        """The plan for a reader."""
        options, restore = self.options, self.experiment.restore
        archive = f" and the archive {options.archive}" if options.archive else ""
        text = [f"restore   the newest {options.kind} of {options.path}{archive} below {self.place}"]
        if options.heartbeat is not None:
            text.append(f"heartbeat {options.heartbeat.table}.{options.heartbeat.column}")
        text += [f"query     {query.name}" for query in options.queries]
        return [*text, f"verify    {'the files as they lie there' if restore.verify else 'nothing'}"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The backup that will be restored, and with what; of one that cannot even be found only why."""

    source: Source | None
    kind: Kind | None
    installation: Installation | None
    user: SystemUser | None
    because: str = ""


def build(name: str, target: str) -> RestorePlan:
    """Raises FileError or UsageError before anything is touched."""
    path = yamlfile.search(name, "experiments")
    experiment = restore_experiment.load(path)
    target_path = yamlfile.search(target, "targets")
    found, _, options = plans.target_of(target_path)
    if not isinstance(options, BackupOptions):
        line = yamlfile.line_of(yamlfile.read_mapping(target_path), ("driver",))
        rule = (
            f"{experiment.name} restores a backup: it needs a target with driver backup, got {found.driver!r}"
        )
        raise FileError(target_path, line, "driver", rule)
    return RestorePlan(experiment, path, found, target_path, options)


def choose(plan: RestorePlan) -> Chosen:
    """Look which backup there is, and whether it can be restored here.

    Raises UsageError: a path that is wrong, a program that is missing, a machine that would be hurt.
    """
    user = unprivileged_user()
    if too_long(plan.place):
        raise Refused(f"the path of the scratch directory is too long for a socket below it: {plan.place}")
    if not plan.place.is_dir() or not can_reach(user, plan.place):
        who = user.name if user else "this user"
        raise Refused(f"{plan.place} is no directory that {who} can enter, as whom PostgreSQL runs")
    try:
        source = sources.find(plan.options)
    except BackupUnusable as error:
        return Chosen(None, None, None, user, str(error))
    kind = KINDS[plan.options.kind](plan.options, source)
    preflight.refuse_what_hurts(Wants(disk=ROOM * source.expected, memory=300_000_000), place=plan.place)
    return Chosen(source, kind, kind.installation(), user)
