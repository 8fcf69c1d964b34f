"""The report: one self-contained HTML file. No scripts, no network."""

from __future__ import annotations

import re
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
from chaos.reports.terms import TERMS, terms_of
from chaos.reports.timeline import timelines
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


ENVIRONMENT.globals["terms"] = TERMS
ENVIRONMENT.filters["css_text"] = lambda text: re.sub(r"[^\w .,:;()/-]", " ", str(text), flags=re.ASCII)
"""Text that can stand in quotes in a style sheet."""


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


def render(
    journal: Journal,
    verdict: Verdict,
    history: Sequence[Earlier] = (),
    judged_as: Experiment | None = None,
) -> str:
    """Render the report. Everything from the journal is escaped. `judged_as`: the experiment with the objectives of the
    verdict, by default the one that was played."""
    if kind.of_document(journal.manifest.experiment) is Kind.RESTORE:
        return ENVIRONMENT.get_template("restored.html").render(
            page=restored.build(journal, verdict),
            timeline=Markup(restored.timeline(journal)),  # as below
        )
    experiment = judged_as or Experiment.model_validate(journal.manifest.experiment)
    steps = step_records(journal)
    drawn = timelines(experiment, journal, steps, page.marks(verdict), page.outages(verdict))
    wide, narrow = map(Markup, drawn)  # matplotlib escapes its texts
    return ENVIRONMENT.get_template("report.html").render(
        page=page.build(experiment, journal, verdict, steps, of_a_file=judged_as is not None),
        drill=drill.section(experiment, journal, verdict),
        history=drill.history_rows(history),
        terms=terms_of(experiment.outage),
        timeline=wide,
        narrow=narrow,
    )
