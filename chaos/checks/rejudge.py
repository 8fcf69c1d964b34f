"""Judge a stored run by its own or other objectives, without touching a target."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from chaos.checks import restored
from chaos.checks.judged import Judged, JudgedRestore
from chaos.checks.verdict import Verdict, judge
from chaos.errors import FileError, Unreadable, UsageError
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.spec import kind, slofile, wording
from chaos.spec.experiment import Experiment, Limits
from chaos.spec.kind import Kind
from chaos.spec.restore_experiment import RestoreExperiment
from chaos.spec.slo import Slo
from chaos.spec.userfile import refuse_pipes
from chaos.spec.yamlfile import Model


class Objectives(Model):
    """An SLO file: `slos` as in an experiment, and `limits`, by default the run's own."""

    slos: tuple[Slo, ...] = Field(min_length=1)
    limits: Limits | None = None


def check_objectives(slo_file: Path) -> None:
    """Raises FileError for every broken rule of an SLO file."""
    slofile.of_file(slo_file).parse(Objectives)


def judge_run(run: RunDir, slo_file: Path | None = None) -> Verdict:
    """Judge the run by its own objectives, or by those of the file.

    Raises FileError for every broken rule of the file, UsageError if the run cannot be read.
    """
    journal = Journal(run)
    try:
        refuse_pipes(run.path)
        stored = journal.manifest.experiment
        if not stored:
            raise ValueError("run.json has none")
        if kind.of_document(stored) is Kind.RESTORE:
            return _judge_restore(journal, slo_file)
        experiment = Experiment.model_validate(stored)
    except ValidationError as error:
        first = wording.rules(error, Experiment, stored)[0]
        place = ": ".join(map(str, ("experiment", *first.place)))
        raise FileError(run.run_file, None, place, first.text, first.value) from None
    except (Unreadable, OSError, KeyError, ValueError) as error:
        raise UsageError(f"{run.path}: cannot read its experiment: {error}") from error
    asked = experiment if slo_file is None else with_objectives(experiment, slo_file)
    try:
        return judge(Judged(asked, journal))
    except Unreadable as error:
        raise UsageError(f"{run.path}: cannot judge: {error}") from error


def _judge_restore(journal: Journal, slo_file: Path | None) -> Verdict:
    if slo_file is not None:
        raise UsageError(f"{journal.run.path}: a backup check has no SLOs for --slo to replace")
    return restored.judge(
        JudgedRestore(RestoreExperiment.model_validate(journal.manifest.experiment), journal)
    )


def with_objectives(experiment: Experiment, slo_file: Path) -> Experiment:
    """Return the experiment with the file's objectives instead of its own. Raises FileError."""
    file = slofile.of_file(slo_file)
    objectives = file.parse(Objectives)
    changed = experiment.model_dump(by_alias=True)
    changed["abort"] = []  # they may name replaced objectives, and nothing is played
    changed["slos"] = [slo.model_dump(by_alias=True) for slo in objectives.slos]
    if objectives.limits is not None:
        changed["limits"] = objectives.limits.model_dump(by_alias=True)
    try:
        return Experiment.model_validate(changed)
    except ValidationError as error:
        raise file.broken(error, Experiment, changed) from None
