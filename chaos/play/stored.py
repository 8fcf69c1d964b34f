"""Judge or render a stored run of any kind again."""

from __future__ import annotations

from pathlib import Path

from chaos.checks import rejudge, suite
from chaos.checks.verdict import Verdict
from chaos.errors import UsageError
from chaos.play.playing import history
from chaos.record.store import RunDir
from chaos.reports import JudgedRun, registered


def judge(run: RunDir, slo: Path | None = None) -> Verdict:
    """Judge by the run's own objectives, or by those of a file. Raises UsageError, FileError."""
    parts = suite.parts(run)
    if parts is None:
        return rejudge.judge_run(run, slo)
    if slo is not None:
        raise UsageError("--slo judges a single run; the runs of a suite have their own objectives")
    return suite.judge(run, parts)


def report(run: RunDir, format_: str = "html", file: Path | None = None) -> Path:
    """Render the run in a registered format, and return the path of what was written.

    Raises UsageError, MidnightError, OSError.
    """
    chosen = registered.named(format_)
    parts = suite.parts(run)
    verdict = rejudge.judge_run(run) if parts is None else suite.judge(run, parts)
    return registered.write(chosen, JudgedRun(run, verdict, parts, history(verdict)), file)
