"""Live progress of a run: a panel in a terminal, plain lines elsewhere. Reads the journal, prints.

All printing happens in a thread of its own, so that a slow, stuck or broken terminal neither delays the
runner nor raises into it: from then on the run is silent, and its verdict the same.
"""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console as Terminal
from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from chaos.experiment import Experiment
from chaos.journal import Event
from chaos.store import RunDir
from chaos.units import show_seconds

Figures = Mapping[str, Any]

FIGURES_EVERY = 5.0  # seconds between two lines of figures where there is no terminal
_FAREWELL = 2.0  # seconds that `stop` waits for a terminal that does not take what it is given

_STYLES = {"failed": "bold red", "skipped": "yellow", "fired": "bold red", "injected": "bold magenta",
           "restored": "green", "ready": "green"}  # fmt: skip


class Console:
    """Shows one run. Safe to call from any thread; nothing here raises or waits, but `stop` up to 2 s."""

    def __init__(
        self,
        run: RunDir,
        experiment: Experiment,
        plan_lines: Sequence[str],
        *,
        terminal: Terminal,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._opening = [f"{experiment.title}", f"run {run.id}", *plan_lines]
        self._terminal, self._clock = terminal, clock
        self._progress = Progress(experiment)
        self._news: queue.SimpleQueue[Event | Figures | None] = queue.SimpleQueue()
        self._printer = threading.Thread(target=self._print_all, name="console", daemon=True)
        self._started = self._stopped = False

    def start(self) -> None:
        """Print the plan, then show what happens until `stop`."""
        if not self._started:
            self._started = True
            with contextlib.suppress(RuntimeError):  # a machine out of threads: the run goes on unseen
                self._printer.start()

    def on_event(self, event: Event) -> None:
        """Show an event of the journal."""
        self._news.put(event)

    def tick(self, figures: Figures) -> None:
        """Show how the run is doing: "phase", "play_at", "play_length" (s), "rate" (per second),
        "ok" (ratio), "p99" (s), "in_flight", "pool_in_use", "pool_size", "waiters"; any may be None."""
        self._news.put(dict(figures))

    def stop(self) -> None:
        """Print what is left and give the terminal back."""
        if self._started and not self._stopped:
            self._stopped = True
            self._news.put(None)
            if self._printer.ident is not None:
                self._printer.join(_FAREWELL)

    def _print_all(self) -> None:
        # rich ends a broken pipe with SystemExit, which is no Exception.
        with contextlib.suppress(Exception, SystemExit):
            for line in self._opening:
                _say(self._terminal, Text(line))
            if self._terminal.is_terminal:
                self._show_live()
            else:
                self._show_lines()

    def _show_live(self) -> None:
        with Live(console=self._terminal, auto_refresh=False, transient=True,
                  redirect_stdout=False, redirect_stderr=False) as live:  # fmt: skip
            while (news := self._news.get()) is not None:
                self._take(news)
                live.update(render(self._progress, self._now()), refresh=True)

    def _show_lines(self) -> None:
        due = 0.0
        while (news := self._news.get()) is not None:
            self._take(news)
            if not isinstance(news, Event) and self._now() >= due:
                due = self._now() + FIGURES_EVERY
                _say(self._terminal, Text(f"{self._now():7.1f}s  {figures_line(self._progress.figures)}"))

    def _take(self, news: Event | Figures) -> None:
        if isinstance(news, Event):
            self._progress.take(news, self._clock())
            style = _STYLES.get(news.phase, "")
            _say(self._terminal, Text(f"{news.at:7.1f}s  ").append(sentence(news), style=style))
        else:
            self._progress.figures = news

    def _now(self) -> float:
        return self._clock() - self._progress.zero


@dataclass
class StepProgress:
    """How far a step is, and since when (seconds of the run clock)."""

    phase: str = ""  # of its latest event; empty: not yet begun
    since: float = 0.0


@dataclass
class Progress:
    """What is known of a run so far."""

    experiment: Experiment
    figures: Figures = field(default_factory=dict)
    stage: str = "starting the target"
    steps: dict[str, StepProgress] = field(default_factory=dict)
    zero: float = math.inf  # of the run clock on the console's clock, as the earliest event puts it

    def __post_init__(self) -> None:
        runbook = self.experiment.drill.runbook if self.experiment.drill else ()
        names = [*(step.name for step in self.experiment.steps), *(deed.name for deed in runbook)]
        self.steps = {name: StepProgress() for name in names}

    def take(self, event: Event, now: float) -> None:
        self.zero = min(self.zero, now - event.at)
        self.stage = _STAGES.get((event.source, event.name, event.phase), self.stage)
        if event.source in ("step", "runbook"):
            self.steps[event.name] = StepProgress(event.phase, event.at)


_STAGES = {
    ("run", "baseline", "begun"): "baseline",
    ("run", "baseline", "ended"): "baseline ended",
    ("run", "play", "begun"): "play",
    ("run", "play", "ended"): "restoring and reading back",
    ("run", "run", "ended"): "judging",
}


def sentence(event: Event) -> str:
    """An event in the words a reader of the plan knows."""
    detail = event.detail
    subject = f"{event.source} {event.name}" if event.source != event.name else event.name
    because = f": {detail['because']}" if detail.get("because") else ""
    match event.source, event.phase:
        case "run", "ended" if "reason" in detail:
            return f"run ended: {detail['reason']}{because}"
        case "run", "ended" if "steady" in detail:
            return f"{'steady state' if detail['steady'] else 'no steady state'}{because}"
        case "run", phase:
            return f"{event.name} {phase}{because}"
        case "target", "ready":
            return f"{subject} is ready"
        case "step", "injecting":
            fault = detail.get("fault", event.name)
            return f"{subject}: injecting" + ("" if fault == event.name else f" {fault}")
        case "step", "held":
            return f"{subject}: held; {_doses(detail)}"
        case "runbook", "begun" if detail.get("told"):
            return f"{subject}: yours to do: {detail['told']}; then type: midnight done {event.name}"
        case "runbook", "ended":
            return f"{subject}: done in {show_seconds(round(detail['seconds'], 2))}"
        case "step" | "runbook", phase:
            return f"{subject}: {phase}{because}"
        case _, phase:
            return f"{subject} {phase}{because}"


def _doses(detail: Mapping[str, Any]) -> str:
    floors = detail.get("floor") or {}
    shown = [
        f"{name.replace('_', ' ')} {_any(dose)}" + (f" of {_any(floors[name])}" if name in floors else "")
        for name, dose in (detail.get("dose") or {}).items()
    ]
    return ", ".join(shown) or "no dose recorded"


def _any(value: object) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def figures_line(figures: Figures) -> str:
    """The figures on one line; what is not known is a dash."""
    return f"{_place(figures)}: {_service(figures)}; pool {_pool(figures)}"


def _place(figures: Figures) -> str:
    at, length = figures.get("play_at"), figures.get("play_length")
    phase = str(figures.get("phase") or "waiting")
    if at is None or length is None:
        return phase
    if at < 0:
        return f"{phase}, the play begins in {math.ceil(-at)}s"
    return f"{phase} {_number(at, '.0f')}s of {show_seconds(length)}"


def _service(figures: Figures) -> str:
    ok = figures.get("ok")
    # Cut off, never rounded: 99.96 % is not shown as 100 %.
    good = "–" if ok is None or math.isnan(ok) else f"{math.floor(ok * 1000) / 10:.1f} %"
    return (
        f"{_number(figures.get('rate'), '.1f')}/s, good {good}, p99 {_time(figures.get('p99'))}, "
        f"{_number(figures.get('in_flight'), '.0f')} in flight"
    )


def _pool(figures: Figures) -> str:
    in_use, size = (_number(figures.get(key), ".0f") for key in ("pool_in_use", "pool_size"))
    return f"{in_use} of {size} in use, {_number(figures.get('waiters'), '.0f')} waiting"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:{form}}"


def _time(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return "∞" if math.isinf(value) else show_seconds(value)


def render(progress: Progress, now: float) -> Panel:
    """The live panel; `now` in seconds of the run clock."""
    figures = progress.figures
    lines = Table.grid(padding=(0, 2))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column()
    lines.add_row("load", Text(_service(figures)))
    lines.add_row("pool", Text(_pool(figures), style="bold red" if figures.get("waiters") else ""))
    for step in progress.experiment.steps:
        state = progress.steps[step.name]
        start = f"at {show_seconds(step.at)}" if step.at is not None else f"after {step.after}"
        lines.add_row(step.name, _step_text(state, now, step.hold, start))
    for deed in progress.experiment.drill.runbook if progress.experiment.drill else ():
        state = progress.steps[deed.name]
        start = f"at {show_seconds(deed.at)}" if deed.at is not None else f"after {deed.after}"
        lines.add_row(deed.name, _deed_text(state, now, deed.within, start))
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
        return f"the play begins in {math.ceil(-at)}s"
    left = math.ceil(max(0.0, length - at))
    return f"{_number(at, '.0f')}s of {show_seconds(length)}, {show_seconds(left)} left"


def _step_text(state: StepProgress, now: float, hold: float, start: str) -> Text:
    since = max(0.0, now - state.since)
    if not state.phase:
        return Text(f"waits: {start}", style="dim")
    if state.phase == "injected":
        return Text(f"injected, held for {since:.0f}s of at most {show_seconds(hold)}", style="bold magenta")
    if state.phase in ("injecting", "held"):
        word = "restoring" if state.phase == "held" else "injecting"
        return Text(f"{word} for {since:.0f}s", style="magenta")
    return Text(state.phase, style=_STYLES.get(state.phase, ""))


def _deed_text(state: StepProgress, now: float, within: float, start: str) -> Text:
    if state.phase == "begun":
        since = max(0.0, now - state.since)
        return Text(f"under way for {since:.0f}s of at most {show_seconds(within)}", style="bold cyan")
    if not state.phase:
        return Text(f"waits: {start}", style="dim")
    return Text(state.phase, style=_STYLES.get(state.phase, "green"))


def _say(terminal: Terminal, text: Text) -> None:
    terminal.print(text, soft_wrap=True, highlight=False)
