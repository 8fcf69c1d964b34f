"""A trend in a terminal, or as plain lines without one."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos.checks.finding import Outcome
from chaos.history.trend import State, Trend
from chaos.reports.trend_rows import TrendRow, rows, standing, summary, title

STYLES: dict[State, str] = {"regression": "bold red", "advisory": "yellow", "steady": "", "too little": "dim"}


def print_trend(trend: Trend, terminal: Console) -> None:
    """Print the summary, then one line per figure."""
    style = "bold red" if standing(trend) is Outcome.FAIL else "bold"
    terminal.print(
        Text(f"{title(trend)}: {summary(trend)}", style=style),
        soft_wrap=not terminal.is_terminal,
        highlight=False,
    )
    found = rows(trend)
    if terminal.is_terminal:
        terminal.print(_table(found), highlight=False)
        return
    width = max((len(row.label) for row in found), default=0)
    for row in found:
        line = f"{row.state:<10}  {row.label:<{width}}  {row.last:>10}  {row.spark}  {row.because}"
        terminal.print(Text(line), soft_wrap=True, highlight=False)


def _table(found: list[TrendRow]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("figure")
    table.add_column("nights", no_wrap=True)
    for column in ("last", "before", "now"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("because", ratio=1)
    for row in found:
        cells = (row.label, row.spark, row.last, row.before, row.now, f"{row.state}: {row.because}")
        table.add_row(*(Text(cell, style=STYLES[row.state]) for cell in cells))
    return table
