"""A gate's verdict in a terminal: what decided each run, then one line for the whole."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from chaos.errors import ExitCode
from chaos.gate.verdict import GateVerdict, RunVerdict
from chaos.history.decision import State

DECISIONS: Mapping[State, str] = {
    "passed": "run {run} now counts as a baseline",
    "released": "the baseline now starts at run {run}",
    "worse": "run {run} does not count as a baseline: worse than the only run in it; to release it: "
    "midnight baseline set {run}",
    "refused": "run {run} does not count as a baseline; to release it: midnight baseline set {run}",
    "withdrawn": "run {run} no longer counts as a baseline",
}
"""What a decision about a run means for later runs."""


STYLES = {ExitCode.PASS: "bold green", ExitCode.VIOLATED: "bold red"}


def print_gate(gate: GateVerdict, terminal: Console) -> None:
    """Print the whole last, where readers of a CI log look first."""
    for run in gate.runs:
        _line(terminal, f"{run.played.experiment}: exit code {run.exit_code}{_compared(run)}")
        for reason in run.reasons:
            _line(terminal, f"  {reason}")
        for advice in run.advisory:
            _line(terminal, f"  advisory: {advice}")
        if run.decision is not None:
            _line(terminal, f"  {DECISIONS[run.decision].format(run=run.played.run)}")
    if gate.drill is not None:
        _line(terminal, f"drill: {gate.drill.outcome}: {gate.drill.because}")
    for case in gate.audit:
        _line(terminal, f"audit: {case.outcome}: {case.because}")
    style = STYLES.get(ExitCode(gate.exit_code), "bold yellow")
    terminal.print(Text(f"gate {gate.headline}", style=style), soft_wrap=not terminal.is_terminal)


def _compared(run: RunVerdict) -> str:
    return f", compared with {run.baseline.shown}" if run.baseline is not None else ""


def _line(terminal: Console, text: str) -> None:
    terminal.print(Text(text), soft_wrap=not terminal.is_terminal)
