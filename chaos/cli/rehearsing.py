"""`midnight run NAME --rehearse`: what would work, what would not and why, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from chaos.cli.output import print_whole
from chaos.errors import Refused
from chaos.plan.planned import Plan
from chaos.plugin.probe import Answer
from chaos.run import preflight
from chaos.run.rehearsal import Row, rehearse

STYLES = {Answer.YES: "green", Answer.NO: "bold red", Answer.UNKNOWN: "yellow"}


def run_rehearsals(plans: Sequence[Plan], *, json_: bool) -> int:
    """Rehearse each plan and print what was found; 2 when something would not work, else 0."""
    preflight.refuse_when_halted()
    preflight.heal_earlier_runs()
    rows = [row for plan in plans for row in _rehearsed(plan)]
    if json_:
        print(json.dumps([row.to_json() for row in rows], indent=1))
    else:
        print_whole(_table(rows))
        print(_summary(rows))
    return Refused.exit_code if any(row.probe.answer is Answer.NO for row in rows) else 0


def _rehearsed(plan: Plan) -> list[Row]:
    driver = plan.driver(plan.target, plan.options, plan.settings, plan.staging)
    preflight.refuse_what_hurts(driver.wants(), plan.staging)
    with preflight.target_lock(plan.target.name, driver.aim) as taken:
        taken("that is being rehearsed")
        return rehearse(plan, driver)


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("part", "works", "what", "why, and what to do"):
        table.add_column(heading)
    for row in rows:
        probe = row.probe
        why = "; ".join(text for text in (probe.because, probe.remedy) if text)
        answer = Text(probe.answer.value, style=STYLES[probe.answer])
        table.add_row(Text(row.part), answer, Text(probe.what), Text(why))
    return table


def _summary(rows: list[Row]) -> str:
    counts = {answer: sum(row.probe.answer is answer for row in rows) for answer in Answer}
    return (
        f"{counts[Answer.YES]} would work, {counts[Answer.NO]} would not, "
        f"{counts[Answer.UNKNOWN]} cannot be known before the play; nothing was injected"
    )
