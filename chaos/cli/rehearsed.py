"""`midnight run NAME --rehearse`: print which steps would work, as a table or as JSON."""

from __future__ import annotations

import json

from rich.table import Table
from rich.text import Text

from chaos.console.output import print_whole
from chaos.errors import ExitCode
from chaos.plugin.probe import Answer
from chaos.run.rehearsal import Row

STYLES = {
    Answer.YES: "green",
    Answer.NO: "bold red",
    Answer.UNKNOWN: "yellow",
    Answer.LEFT_OUT: "yellow",
}


def show(rows: list[Row], *, json_: bool) -> ExitCode:
    """Print the probes' answers. Returns 2 if a step would fail."""
    if json_:
        print(json.dumps([row.to_json() for row in rows], indent=1))
    else:
        print_whole(_table(rows))
        print(_summary(rows))
    return ExitCode.USAGE if any(row.probe.answer is Answer.NO for row in rows) else ExitCode.PASS


def _table(rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("part", "works", "what", "reason and fix"):
        table.add_column(heading)
    for row in rows:
        probe = row.probe
        why = "; ".join(text for text in (probe.because, probe.remedy) if text)
        answer = Text(probe.answer.value, style=STYLES[probe.answer])
        table.add_row(Text(row.part), answer, Text(probe.what), Text(why))
    return table


def _summary(rows: list[Row]) -> str:
    counts = {answer: sum(row.probe.answer is answer for row in rows) for answer in Answer}
    left_out = f", {counts[Answer.LEFT_OUT]} left out" if counts[Answer.LEFT_OUT] else ""
    return (
        f"{counts[Answer.YES]} would work, {counts[Answer.NO]} would not, "
        f"{counts[Answer.UNKNOWN]} unknown until played{left_out}; nothing was injected"
    )
