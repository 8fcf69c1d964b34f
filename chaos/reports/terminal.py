"""The verdict in a terminal, or as plain lines without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos.checks import completeness, steady
from chaos.checks.bad_answers import sentences
from chaos.checks.finding import Finding, Outcome
from chaos.checks.fixes import HEADING
from chaos.checks.text import many
from chaos.checks.verdict import Verdict
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.reports import logged
from chaos.reports.rows import FindingRow, LinkRow, finding_row, link_rows

_CAUSES = (completeness.NAME, steady.NAME)
"""Checks that say why a play did not begin."""

STYLES = {
    Outcome.PASS: "bold green",
    Outcome.FAIL: "bold red",
    Outcome.UNKNOWN: "bold yellow",
    Outcome.NOT_EXERCISED: "dim",
    Outcome.WARNING: "yellow",
}


def print_verdict(run: RunDir, verdict: Verdict, terminal: Console, report: Path | None = None) -> None:
    """Print the headline, what to fix, the findings, the chain, the bad answers, the most frequent errors in the logs,
    and the path of the report, by default the run's."""
    report = report or run.report
    play = Journal(run).play
    findings = _rows(verdict, began=play is not None)
    links = link_rows(verdict.links, play.start if play else None)
    _line(
        terminal,
        Text(verdict.headline, style=STYLES[Outcome.WARNING if verdict.partial else verdict.outcome]),
    )
    for line in _to_fix(verdict):
        _line(terminal, Text(line))
    _line(terminal, Text())
    if terminal.is_terminal:
        terminal.print(_findings(findings), highlight=False)
        _line(terminal, Text())
        if links:
            terminal.print(_chain(links), highlight=False)
    else:
        for row in findings:
            _line(terminal, Text(f"{row.outcome.value:<13}  {row.label:<20}  {row.because}"))
        for link in links:
            _line(terminal, Text(f"link {link.number or '-':>2} {link.at:>9}  {link.title}: {link.because}"))
    for sentence in sentences(verdict.bad_answers.play):  # those of a baseline that failed are in its reason
        _line(terminal, Text(f"bad answers: {sentence}"))
    for line in logged.lines(verdict.logged):
        _line(terminal, Text(line))
    _line(terminal, Text())
    if report.exists():
        _line(terminal, Text(f"report: {report}"), whole=True)


def _rows(verdict: Verdict, began: bool) -> list[FindingRow]:
    """A row for each finding. If the play did not begin, those that had nothing to judge share one."""
    has_play = began or all(each.check != steady.NAME for each in verdict.findings)  # a backup check has none
    telling = [each for each in verdict.findings if has_play or _tells_without_a_play(each)]
    rows = [finding_row(each) for each in telling]
    if others := len(verdict.findings) - len(telling):
        because = "the play did not begin"
        rows.append(FindingRow(Outcome.UNKNOWN, many(others, "other finding"), "", "", because, "", []))
    return rows


def _tells_without_a_play(finding: Finding) -> bool:
    return finding.check in _CAUSES or finding.outcome not in (Outcome.UNKNOWN, Outcome.NOT_EXERCISED)


def _to_fix(verdict: Verdict) -> Iterator[str]:
    if verdict.fixes and verdict.outcome is Outcome.FAIL:
        yield f"{HEADING}:"
        for number, fix in enumerate(verdict.fixes, start=1):
            yield f"  {number}. {fix.what}" + (f" ({fix.why})" if fix.why else "")


def _line(terminal: Console, text: Text, *, whole: bool = False) -> None:
    """One line: in a terminal wrapped by words, unless it is `whole` to be copied."""
    terminal.print(text, soft_wrap=whole or not terminal.is_terminal, highlight=False)


def _findings(rows: list[FindingRow]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("outcome", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("measured", justify="right", no_wrap=True)
    table.add_column("allowed", justify="right", no_wrap=True)
    table.add_column("because", ratio=1)
    for row in rows:
        outcome = Text(row.outcome.value, style=STYLES[row.outcome])
        cells = [Text(cell) for cell in (row.label, row.measured, row.allowed, row.because)]
        table.add_row(outcome, *cells)
    return table


def _chain(rows: list[LinkRow]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("play", justify="right", no_wrap=True)
    table.add_column("link", no_wrap=True)
    table.add_column("evidence", ratio=1)
    for row in rows:
        style = "" if row.number else "dim"
        table.add_row(*(Text(cell, style=style) for cell in (row.number, row.at, row.title, row.because)))
    return table
