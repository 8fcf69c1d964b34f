"""Live progress of a run: a panel in a terminal, plain lines elsewhere. Reads the journal and prints.

A separate thread prints, so that a slow, stuck or broken terminal neither delays the runner nor raises in it:
from then on the run is silent, with the same verdict.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence

from rich.console import Console as Terminal
from rich.live import Live
from rich.text import Text

from chaos.console.panel import render
from chaos.console.progress import Progress
from chaos.console.sentences import sentence
from chaos.console.words import STYLES, Figures, figures_line, instant
from chaos.record.journal import Event
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment

FIGURES_EVERY = 5.0  # seconds between lines of figures without a terminal
_FAREWELL = 2.0  # seconds that `stop` waits for a blocked terminal


class Console:
    """Shows one run. Safe to call from any thread; never raises or waits, except `stop` for up to 2 s."""

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
        """Print the plan, then show progress until `stop`."""
        if not self._started:
            self._started = True
            with contextlib.suppress(RuntimeError):  # a machine out of threads: the run goes on unseen
                self._printer.start()

    def on_event(self, event: Event) -> None:
        """Show an event of the journal."""
        self._news.put(event)

    def tick(self, figures: Figures) -> None:
        """Show figures: "phase", "play_at", "play_length" (s), "rate" (per second),
        "ok" (ratio), "p99" (s), "in_flight", "pool_in_use", "pool_size", "waiters"; any may be None."""
        self._news.put(dict(figures))

    def stop(self) -> None:
        """Print the rest and release the terminal."""
        if self._started and not self._stopped:
            self._stopped = True
            self._news.put(None)
            if self._printer.ident is not None:
                self._printer.join(_FAREWELL)

    def _print_all(self) -> None:
        # rich raises SystemExit on a broken pipe, which is not an Exception.
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
                _say(self._terminal, Text(f"{_clock(self._now())}  {figures_line(self._progress.figures)}"))

    def _take(self, news: Event | Figures) -> None:
        if isinstance(news, Event):
            self._progress.take(news, self._clock())
            style = STYLES.get(news.phase, "")
            _say(self._terminal, Text(f"{_clock(news.at)}  ").append(sentence(news), style=style))
        else:
            self._progress.figures = news

    def _now(self) -> float:
        return self._clock() - self._progress.zero


def _clock(at: float) -> str:
    """The first column: how long the run has been going on."""
    return f"{instant(at):>9}"


def _say(terminal: Terminal, text: Text) -> None:
    # A terminal breaks lines between words; elsewhere, one event is one line.
    terminal.print(text, soft_wrap=not terminal.is_terminal, highlight=False)
