"""Judge or render a stored run of any kind again."""

from __future__ import annotations

from pathlib import Path

from chaos.checks import rejudge, suite
from chaos.checks.verdict import Verdict
from chaos.errors import UsageError
from chaos.play.playing import history
from chaos.record.store import RunDir


def judge(run: RunDir, slo: Path | None = None) -> Verdict:
    """Judge by the run's own objectives, or by those of a file. Raises UsageError, FileError."""
    parts = suite.parts(run)
    if parts is None:
        return rejudge.judge_run(run, slo)
    if slo is not None:
        raise UsageError("--slo judges a single run; the runs of a suite have their own objectives")
    return suite.judge(run, parts)


def report(run: RunDir) -> Path:
    """Write `report.html` and return its path. Raises UsageError, OSError."""
    parts = suite.parts(run)
    verdict = rejudge.judge_run(run) if parts is None else suite.judge(run, parts)
    earlier = history(verdict)
    # They import matplotlib: slow, and its memory must not add to that of judging.
    if parts is not None:
        from chaos.reports.drill_page import write_suite_report

        return write_suite_report(run, verdict, parts, earlier)
    from chaos.reports.html import write_report

    return write_report(run, verdict, earlier)
