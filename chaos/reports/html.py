"""The report: one self-contained HTML file. No scripts, no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chaos.checks.verdict import Verdict
from chaos.history.drills import Earlier
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.reports import drill, page, restored
from chaos.reports.steps import step_records
from chaos.reports.timeline import timeline_svg
from chaos.spec import kind
from chaos.spec.experiment import Experiment
from chaos.spec.kind import Kind

ENVIRONMENT = Environment(
    loader=PackageLoader("chaos.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_report(run: RunDir, verdict: Verdict, history: Sequence[Earlier] = ()) -> Path:
    """Write `report.html` of a stored run atomically, and return its path. Raises OSError.

    `history`: earlier drills, for a drill.
    """
    return write_page(run, render(Journal(run), verdict, history))


def write_page(run: RunDir, text: str) -> Path:
    """Write `report.html` atomically. Raises OSError."""
    unfinished = run.report.with_suffix(".html.part")
    unfinished.write_text(text, encoding="utf-8")
    return unfinished.replace(run.report)


def render(journal: Journal, verdict: Verdict, history: Sequence[Earlier] = ()) -> str:
    """Render the report. Everything from the journal is escaped."""
    if kind.of_document(journal.manifest.experiment) is Kind.RESTORE:
        return ENVIRONMENT.get_template("restored.html").render(
            page=restored.build(journal, verdict),
            timeline=Markup(restored.timeline(journal)),  # as below
        )
    experiment = Experiment.model_validate(journal.manifest.experiment)
    steps = step_records(journal)
    svg = timeline_svg(experiment, journal, steps, page.marks(verdict), page.outages(verdict))
    return ENVIRONMENT.get_template("report.html").render(
        page=page.build(experiment, journal, verdict, steps),
        drill=drill.section(experiment, journal, verdict),
        history=drill.history_rows(history),
        timeline=Markup(svg),  # matplotlib escapes its texts
    )
