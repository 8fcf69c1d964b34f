"""The console shows a run and can never harm it."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import textwrap
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console as Terminal

from chaos.console.panel import render
from chaos.console.progress import Progress
from chaos.console.shown import Console
from chaos.console.words import figures_line
from chaos.record.journal import Event
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment
from chaos.spec.units import seconds
from tests.reports.stored_run import EXPERIMENT

FIGURES: dict[str, Any] = {
    "phase": "wake", "play_at": 62.0, "play_length": 120.0, "rate": 61.2, "ok": 0.9996, "p99": 1.25,
    "in_flight": 340, "pool_in_use": 40, "pool_size": 40, "waiters": 160,
}  # fmt: skip


@pytest.fixture
def experiment() -> Experiment:
    return Experiment.model_validate(EXPERIMENT)


def plain() -> tuple[Terminal, io.StringIO]:
    out = io.StringIO()
    return Terminal(file=out, width=80), out


class Hung(io.StringIO):
    """A terminal that takes nothing until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.touched, self.released = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.touched.set()
        self.released.wait()
        return super().write(text)


def test_output_without_a_terminal_is_one_line_per_event_with_its_time(experiment: Experiment) -> None:
    terminal, out = plain()
    shown = Console(RunDir(Path("r1")), experiment, ["50s logrotate"], terminal=terminal)
    shown.start()
    shown.on_event(Event(86.0, "step", "idle_drop", "injected"))
    shown.on_event(
        Event(
            86.3,
            "step",
            "idle_drop",
            "held",
            {"dose": {"sockets_closed": 58}, "floor": {"sockets_closed": 10}},
        )
    )
    shown.stop()
    lines = out.getvalue().splitlines()
    assert lines[1:3] == ["run r1", "50s logrotate"]
    assert lines[3:] == [
        "   1m 26s  step idle_drop: injected",
        " 1m 26.3s  step idle_drop: held; 58 sockets closed (at least 10 needed)",
    ]


def test_a_line_of_figures_comes_at_most_every_five_seconds(experiment: Experiment) -> None:
    terminal, out = plain()
    now = iter([100.0 + n / 4 for n in range(200)])  # each look at the clock: a quarter of a second later
    shown = Console(RunDir(Path("r1")), experiment, [], terminal=terminal, clock=lambda: next(now))
    shown.on_event(Event(0.0, "run", "run", "begun"))
    for _ in range(40):
        shown.tick(FIGURES)
    shown.start()
    shown.stop()
    instants = [seconds(line[:9]) for line in out.getvalue().splitlines() if "pool" in line]
    assert len(instants) >= 2
    assert all(later - earlier >= 5 for earlier, later in pairwise(instants))


def test_events_before_the_start_are_shown_after_it(experiment: Experiment) -> None:
    terminal, out = plain()
    shown = Console(RunDir(Path("r1")), experiment, [], terminal=terminal)
    shown.on_event(Event(0.5, "target", "reference", "ready"))
    shown.start()
    shown.stop()
    assert " 500 ms  target reference is ready" in out.getvalue()


def test_a_terminal_that_hangs_does_not_hold_up_the_run(
    experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.console.shown._FAREWELL", 0.05)
    out = Hung()
    shown = Console(RunDir(Path("r1")), experiment, [], terminal=Terminal(file=out, width=80))
    shown.start()
    assert out.touched.wait(10)
    for _ in range(1000):
        shown.on_event(Event(1.0, "step", "batch", "injected"))
        shown.tick(FIGURES)
    shown.stop()
    printer = next(thread for thread in threading.enumerate() if thread.name == "console")
    assert printer.daemon, "a hung terminal must not keep the process alive"
    out.released.set()
    printer.join(10)
    assert not printer.is_alive()


@pytest.mark.parametrize("live", ["True", "False"])
def test_a_closed_pipe_does_not_end_the_program(live: str) -> None:
    program = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from rich.console import Console as Terminal
        from chaos.console.shown import Console
        from chaos.spec.experiment import Experiment
        from chaos.record.journal import Event
        from chaos.record.store import RunDir
        from tests.reports.stored_run import EXPERIMENT
        sys.stdin.readline()
        terminal = Terminal(force_terminal={live}, width=80)
        shown = Console(RunDir(Path("r")), Experiment.model_validate(EXPERIMENT), [], terminal=terminal)
        shown.start()
        for second in range(50):
            shown.on_event(Event(second, "step", "batch", "injected"))
            shown.tick({{}})
        shown.stop()
        sys.exit(7)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()
    process.stdin.write(b"go\n")
    process.stdin.close()
    errors = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(30) == 7, errors
    assert errors == ""


def test_an_event_that_cannot_be_shown_ends_the_display_and_not_the_run(experiment: Experiment) -> None:
    terminal, out = plain()
    shown = Console(RunDir(Path("r1")), experiment, [], terminal=terminal)
    shown.start()
    shown.on_event(Event(1.0, "step", "batch", "held", {"dose": 5}))
    shown.tick({"ok": "nonsense"})
    shown._printer.join(30)
    assert not shown._printer.is_alive()
    shown.on_event(Event(2.0, "step", "batch", "undone"))
    shown.stop()
    shown.stop()
    assert "undone" not in out.getvalue()


def test_the_panel_shows_what_is_injected_now_and_for_how_long(experiment: Experiment) -> None:
    progress = Progress(experiment)
    progress.take(Event(26.0, "run", "play", "begun"), 1026.0)
    progress.take(Event(76.0, "step", "logrotate", "injected"), 1076.0)
    progress.take(Event(86.4, "step", "idle_drop", "undone"), 1086.4)
    progress.figures = FIGURES
    terminal, out = plain()
    terminal.print(render(progress, now=88.0))
    text = out.getvalue()
    assert "play: wake" in text
    assert "1m 2s of 2m, 58 s left" in text
    assert "61.2/s, good 99.9 %, p99 1.25 s, 340 in flight" in text
    assert "40 of 40 in use, 160 waiting" in text
    assert "injected, held for 12 s of up to 26 s" in text
    assert "waits: after idle_drop" in text


def test_in_a_terminal_the_panel_is_taken_away_and_the_events_stay(experiment: Experiment) -> None:
    out = io.StringIO()
    terminal = Terminal(file=out, force_terminal=True, width=90, height=40, color_system=None)
    shown = Console(RunDir(Path("r1")), experiment, [], terminal=terminal)
    shown.start()
    shown.tick(FIGURES)
    shown.on_event(Event(86.0, "step", "storm", "failed", {"because": "[bold]no such role[/x]"}))
    shown.stop()
    text = out.getvalue()
    assert "61.2/s" in text
    assert "step storm: failed: [bold]no such role[/x]" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1, "the cursor is given back"


def test_a_narrow_terminal_breaks_plan_and_events_between_words(experiment: Experiment) -> None:
    out = io.StringIO()
    terminal = Terminal(file=out, force_terminal=True, width=40, height=40, color_system=None)
    shown = Console(RunDir(Path("r1")), experiment, ["step  10s  " + "batch_job " * 9], terminal=terminal)
    shown.start()
    shown.on_event(Event(86.0, "step", "storm", "failed", {"because": "no slots left " * 5}))
    shown.stop()
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue()).splitlines()
    told = [line for line in lines if "batch_job" in line or "slots" in line]
    assert len(told) >= 5 and all(len(line) <= 40 for line in told)
    assert set(" ".join(told).split()) <= {
        *["step", "10s", "batch_job", "1m", "26s", "storm:", "failed:", "no", "slots", "left"],
    }


def test_figures_that_are_not_known_are_dashes() -> None:
    assert figures_line({}) == "waiting: –/s, good –, p99 –, – in flight; pool – of – in use, – waiting"


def test_the_console_shows_when_the_play_begins(experiment: Experiment) -> None:
    early = {**FIGURES, "phase": "", "play_at": -2.4}
    assert figures_line(early).startswith("waiting, the play begins in 3 s: ")
    progress = Progress(experiment)
    progress.figures = early
    shown = Terminal(width=100, file=io.StringIO(), record=True)
    shown.print(render(progress, 0.0))
    assert "the play begins in 3 s" in shown.export_text()


def test_a_percentile_that_falls_on_a_bad_hit_is_infinite() -> None:
    assert "p99 ∞" in figures_line({"p99": float("inf")})


def test_a_play_that_is_over_has_no_seconds_left(experiment: Experiment) -> None:
    progress = Progress(experiment)
    progress.figures = {**FIGURES, "phase": "", "play_at": 123.4}
    terminal, out = plain()
    terminal.print(render(progress, now=150.0))
    assert "the play of 2m is over" in out.getvalue()
    assert "left" not in out.getvalue()
