"""The report: one HTML file that carries everything it shows. No script, no network."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chaos.checks.verdict import Verdict
from chaos.experiment import Experiment
from chaos.journal import Journal
from chaos.reports import page, restored
from chaos.reports.steps import step_records
from chaos.reports.timeline import timeline_svg
from chaos.restore_experiment import is_restore
from chaos.store import RunDir

_ENVIRONMENT = Environment(
    loader=PackageLoader("chaos.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_report(run: RunDir, verdict: Verdict) -> Path:
    """Write `report.html` of a stored run, whole or not at all, and return its path. Raises OSError."""
    text = render(Journal(run), verdict)
    unfinished = run.report.with_suffix(".html.part")
    unfinished.write_text(text, encoding="utf-8")
    return unfinished.replace(run.report)


def render(journal: Journal, verdict: Verdict) -> str:
    """The report as text. Whatever the journal holds is escaped."""
    if is_restore(journal.about["experiment"]):
        return _ENVIRONMENT.get_template("restored.html").render(
            page=restored.build(journal, verdict),
            timeline=Markup(restored.timeline(journal)),  # as below
        )
    experiment = Experiment.model_validate(journal.about["experiment"])
    steps = step_records(journal)
    svg = timeline_svg(experiment, journal, steps, page.marks(verdict), page.outages(verdict))
    return _ENVIRONMENT.get_template("report.html").render(
        page=page.build(experiment, journal, verdict, steps),
        timeline=Markup(svg),  # matplotlib has escaped the texts that were put into it
    )
