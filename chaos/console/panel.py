"""The live panel in a terminal."""

from __future__ import annotations

import math

from rich.console import Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from chaos.console.progress import Progress, StepProgress
from chaos.console.words import STYLES, Figures, pool, service, whole_seconds
from chaos.spec.units import show_seconds


def render(progress: Progress, now: float) -> Panel:
    """The live panel; `now` in seconds of the run clock."""
    figures = progress.figures
    lines = Table.grid(padding=(0, 2))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column()
    lines.add_row("load", Text(service(figures)))
    lines.add_row("pool", Text(pool(figures), style="bold red" if figures.get("waiters") else ""))
    for step in progress.experiment.steps:
        state = progress.steps[step.name]
        start = f"at {show_seconds(step.at)}" if step.at is not None else f"after {step.after}"
        lines.add_row(step.name, _step_text(state, now, step.hold, start))
    for asked in progress.experiment.drill.runbook if progress.experiment.drill else ():
        state = progress.steps[asked.name]
        start = f"at {show_seconds(asked.at)}" if asked.at is not None else f"after {asked.after}"
        lines.add_row(asked.name, _runbook_step_text(state, now, asked.within, start))
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(Text(_stage(progress), style="bold"), Text(_remaining(figures), style="dim"))
    at, length = figures.get("play_at") or 0.0, figures.get("play_length") or 0.0
    bar = Table.grid(expand=True)  # a bar alone does not end its line
    bar.add_row(ProgressBar(total=max(length, 0.001), completed=min(max(at, 0.0), length)))
    return Panel(Group(head, bar, lines), title=Text(progress.experiment.title), title_align="left")


def _stage(progress: Progress) -> str:
    phase = progress.figures.get("phase")
    return f"{progress.stage}: {phase}" if progress.stage == "play" and phase else progress.stage


def _remaining(figures: Figures) -> str:
    at, length = figures.get("play_at"), figures.get("play_length")
    if at is None or length is None:
        return ""
    if at < 0:
        return f"the play begins in {show_seconds(math.ceil(-at))}"
    if at >= length and not figures.get("phase"):
        return f"the play of {show_seconds(length)} is over"
    left = math.ceil(length - at)
    return f"{whole_seconds(at)} of {show_seconds(length)}, {show_seconds(left)} left"


def _step_text(state: StepProgress, now: float, hold: float, start: str) -> Text:
    since = max(0.0, now - state.since)
    if not state.phase:
        return Text(f"waits: {start}", style="dim")
    if state.phase == "injected":
        return Text(
            f"injected, held for {whole_seconds(since)} of up to {show_seconds(hold)}", style="bold magenta"
        )
    if state.phase in ("injecting", "held"):
        word = "undoing" if state.phase == "held" else "injecting"
        return Text(f"{word} for {whole_seconds(since)}", style="magenta")
    return Text(state.phase, style=STYLES.get(state.phase, ""))


def _runbook_step_text(state: StepProgress, now: float, within: float, start: str) -> Text:
    if state.phase == "begun":
        since = max(0.0, now - state.since)
        return Text(
            f"in progress for {whole_seconds(since)} of up to {show_seconds(within)}", style="bold cyan"
        )
    if not state.phase:
        return Text(f"waits: {start}", style="dim")
    return Text(state.phase, style=STYLES.get(state.phase, "green"))
