"""The report of a suite: every scenario of a drill on one printable page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.checks.drill.rto import shown as shown_rto
from chaos.checks.finding import Finding
from chaos.checks.result import RunResult
from chaos.checks.verdict import Verdict
from chaos.history.drills import Earlier
from chaos.record.journal import Journal
from chaos.record.manifest import Manifest
from chaos.record.store import RunDir
from chaos.reports.drill import DrillSection, Row, history_rows, section, signed, where
from chaos.reports.html import ENVIRONMENT, write_page
from chaos.reports.page import clauses, footer
from chaos.reports.show import DASH, show_any, show_bounded, show_value, utc
from chaos.spec.experiment import Experiment


@dataclass(frozen=True, slots=True)
class SuitePage:
    verdict: Verdict
    footer: str  # of each printed page
    headline: list[str]
    title: str
    subtitle: list[tuple[str, str]]
    signed: list[tuple[str, str]]  # host, start, end, who
    scenarios: list[Row]  # the last one is the whole: the worst times, the sums of writes
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
        footer=footer(verdict),
        headline=clauses(verdict.headline),
        title=manifest.title,
        subtitle=[
            ("target", verdict.target),
            ("profile", verdict.profile or "none"),
            ("run", verdict.run),
        ],
        signed=_signed(manifest, parts),
        scenarios=[*(_row(part) for part in parts), _whole(verdict)],
        sections=[each for part in parts if (each := _section(part)) is not None],
        history=history_rows(history),
        command=manifest.command,
        repeat=[
            ("git", show_any(manifest.git)),
            ("versions", show_any(_versions(manifest, parts))),
        ],
    )
    return ENVIRONMENT.get_template("suite.html").render(page=found)


def _signed(manifest: Manifest, parts: Sequence[RunResult]) -> list[tuple[str, str]]:
    """Where and when the whole was played, and by whom; it ended with its last scenario."""
    played = [signed(Journal(part.run)) for part in parts if part.verdict is not None]
    ended = dict(played[-1]).get("end", DASH) if played else DASH
    pairs = [
        ("host", where(manifest.host)),
        ("start", utc(manifest.started)),
        ("end", ended),
        ("started by", manifest.started_by or "unknown"),
    ]
    return [(name, value) for name, value in pairs if value]


def _versions(manifest: Manifest, parts: Sequence[RunResult]) -> dict[str, str]:
    """Those of midnight and of every part of the target."""
    found = dict(manifest.versions)
    for part in parts:
        if part.verdict is not None:
            found |= Journal(part.run).manifest.versions
    return found


def _row(part: RunResult) -> Row:
    if part.verdict is None:
        return ["unknown", part.title, "", "", "", "", "", f"{part.run.id}: not judged"]
    rto = shown_rto(_found(part.verdict, "rto")) or DASH
    return [part.verdict.outcome.value, part.title, rto, *_numbers(part.verdict), part.run.id]


def _whole(verdict: Verdict) -> Row:
    """The worst times and the sums, as the suite's figures have them."""
    worst = show_bounded(verdict.figures.get("rto"), "s", lower_bound="rto" in verdict.lower_bounds)
    return [verdict.outcome.value, "all: worst times, sums", worst, *_numbers(verdict), verdict.run]


def _numbers(verdict: Verdict) -> Row:
    """RPO, acknowledged writes, those lost with the loss and those lost otherwise."""
    figures = verdict.figures
    counts = (figures.get(each) for each in ("acknowledged_writes", "lost_with_the_loss", "lost_writes"))
    return [show_value(figures.get("rpo"), "s"), *(show_value(each, "count") for each in counts)]


def _found(verdict: Verdict, name: str) -> Finding | None:
    return next((each for each in verdict.findings if each.name == name), None)


def _section(part: RunResult) -> DrillSection | None:
    if part.verdict is None:
        return None
    journal = Journal(part.run)
    return section(Experiment.model_validate(journal.manifest.experiment), journal, part.verdict)
