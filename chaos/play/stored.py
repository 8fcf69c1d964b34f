"""Judge or render a stored run of any kind again."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from chaos.checks import rejudge, suite
from chaos.checks.verdict import Verdict
from chaos.errors import UsageError
from chaos.play.playing import history
from chaos.record import store
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.reports import JudgedRun, registered
from chaos.reports import explain as explaining
from chaos.reports.explain import Story
from chaos.spec.experiment import Experiment
from chaos.undo.locks import is_locked


def ended(reference: str) -> RunDir:
    """Find a run that is not being played; `latest` is the newest of those. Raises UsageError."""
    run = store.find_run(reference, lambda each: not is_locked(each))
    if is_locked(run):
        raise UsageError(f"run {run.id} is in progress: wait for its end, or name another (`midnight runs`)")
    return run


def judge(run: RunDir, slo: Path | None = None) -> Verdict:
    """Judge by the run's own objectives, or by those of a file. Raises UsageError, FileError."""
    parts = suite.parts(run)
    if parts is None:
        return rejudge.judge_run(run, slo)
    if slo is not None:
        raise UsageError("--slo judges a single run; the runs of a suite have their own SLOs")
    return suite.judge(run, parts)


def report(run: RunDir, format_: str = "html", file: Path | None = None) -> Path:
    """Render the run in a registered format, and return the path of what was written.

    Raises UsageError, MidnightError, OSError.
    """
    chosen = registered.named(format_)
    parts = suite.parts(run)
    verdict = rejudge.judge_run(run) if parts is None else suite.judge(run, parts)
    return registered.write(chosen, JudgedRun(run, verdict, parts, history(verdict)), file)


def explain(run: RunDir) -> Story:
    """Explain a stored run in plain sentences. Raises UsageError."""
    parts = suite.parts(run)
    if parts is None:
        return explaining.explain(Journal(run), rejudge.judge_run(run))
    return explaining.of_suite(suite.judge(run, parts), Journal(run).manifest.title)


def report_by(run: RunDir, verdict: Verdict, slo: Path) -> Path:
    """Write the report of a verdict by the objectives of a file beside the run's own, if the directory can be written,
    and return its path. The run's own report keeps saying what its own objectives say."""
    experiment = rejudge.with_objectives(Experiment.model_validate(Journal(run).manifest.experiment), slo)
    path = run.path / f"report-by-{re.sub('[^A-Za-z0-9_-]', '-', slo.stem) or 'slo'}.html"
    with suppress(OSError):
        registered.write(registered.named("html"), JudgedRun(run, verdict, experiment=experiment), path)
    return path
