"""The report of a suite: every scenario of a drill on one printable page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.checks.result import RunResult
from chaos.checks.verdict import Verdict
from chaos.history.drills import Earlier
from chaos.record.fields import write
from chaos.record.journal import Journal
from chaos.record.manifest import Manifest
from chaos.record.store import RunDir
from chaos.reports.drill import DrillSection, Row, history_rows, section
from chaos.reports.html import ENVIRONMENT, write_page
from chaos.reports.page import clauses
from chaos.reports.show import show_any, show_value
from chaos.spec.experiment import Experiment


@dataclass(frozen=True, slots=True)
class SuitePage:
    verdict: Verdict
    headline: list[str]
    title: str
    subtitle: list[tuple[str, str]]
    scenarios: list[Row]
    sections: list[DrillSection]
    history: list[Row]
    command: str
    repeat: list[tuple[str, str]]


def write_suite_report(
    run: RunDir, verdict: Verdict, parts: Sequence[RunResult], history: Sequence[Earlier]
) -> Path:
    """Write `report.html` of a suite, whole or not at all, and return its path. Raises OSError."""
    return write_page(run, render_suite(run, verdict, parts, history))


def render_suite(
    run: RunDir, verdict: Verdict, parts: Sequence[RunResult], history: Sequence[Earlier]
) -> str:
    """The report of a suite as text."""
    manifest = Manifest.load(run.run_file)
    found = SuitePage(
        verdict=verdict,
        headline=clauses(verdict.headline),
        title=manifest.title,
        subtitle=[
            ("target", verdict.target),
            ("profile", verdict.profile or "none"),
            ("started", f"{manifest.started} by {manifest.started_by}"),
            ("run", verdict.run),
        ],
        scenarios=[_row(part) for part in parts],
        sections=[each for part in parts if (each := _section(part)) is not None],
        history=history_rows(history),
        command=manifest.command,
        repeat=[
            ("git", show_any(manifest.git)),
            ("versions", show_any(dict(manifest.versions))),
            ("host", show_any(write(manifest.host))),
        ],
    )
    return ENVIRONMENT.get_template("suite.html").render(page=found)


def _row(part: RunResult) -> Row:
    if part.verdict is None:
        return ["unknown", part.title, "", "", "", f"{part.run.id}: not judged"]
    figures = part.verdict.figures
    times = [show_value(figures.get(name), "s") for name in ("rto", "rpo")]
    lost = show_value(figures.get("lost_writes"), "count")
    return [part.verdict.outcome.value, part.title, *times, lost, part.run.id]


def _section(part: RunResult) -> DrillSection | None:
    if part.verdict is None:
        return None
    journal = Journal(part.run)
    return section(Experiment.model_validate(journal.manifest.experiment), journal, part.verdict)
