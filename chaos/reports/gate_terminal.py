"""A gate's verdict in a terminal: what decided it, run by run, then one line for the whole."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from chaos.gate.verdict import GateVerdict, RunVerdict


def print_gate(gate: GateVerdict, terminal: Console) -> None:
    """The whole comes last, where a reader of a CI log looks first."""
    for run in gate.runs:
        _line(terminal, f"{run.played.experiment}: exit code {run.exit_code}{_compared(run)}")
        for reason in run.reasons:
            _line(terminal, f"  {reason}")
    if gate.drill is not None:
        _line(terminal, f"drill: {gate.drill.outcome}: {gate.drill.because}")
    style = {0: "bold green", 1: "bold red"}.get(gate.exit_code, "bold yellow")
    terminal.print(Text(f"gate {gate.headline}", style=style), soft_wrap=True)


def _compared(run: RunVerdict) -> str:
    if run.baseline is None:
        return ""
    played = run.played
    other = run.baseline.differs_from((played.experiment, played.target, played.profile))
    return f", compared with {run.baseline.source}{f' ({other})' if other else ''}"


def _line(terminal: Console, text: str) -> None:
    terminal.print(Text(text), soft_wrap=True)
