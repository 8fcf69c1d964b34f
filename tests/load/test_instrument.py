"""The instrument's lag and its wait for a CPU are reported window by window, and its timer wakes when a hit is due."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

import pytest

from chaos.load.instrument import Instrument
from chaos.load.priority import raise_priority
from chaos.load.timer import Timer
from chaos.record.journal import read_lines


@pytest.fixture(autouse=True)
def windows_of_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Round numbers read better."""
    monkeypatch.setattr("chaos.load.instrument.WINDOW", 1.0)


def _lags(path: Path) -> list[float]:
    return [round(window["lag"], 6) for window in read_lines(path)]


def test_each_window_reports_its_largest_lag(tmp_path: Path) -> None:
    instrument = Instrument(tmp_path / "i", start=10.0)
    for due, now in [(10.2, 10.21), (10.5, 10.55), (11.0, 11.0), (11.3, 11.32)]:
        instrument.observe(due, now)
    instrument.finish(11.5)
    assert _lags(tmp_path / "i") == [0.05, 0.02]
    windows = list(read_lines(tmp_path / "i"))
    assert [(window["start"], window["end"]) for window in windows] == [(10.0, 11.0), (11.0, 11.5)]


def test_a_lag_that_spans_windows_counts_in_each_of_them(tmp_path: Path) -> None:
    instrument = Instrument(tmp_path / "i", start=0.0)
    instrument.observe(0.8, 2.3)
    instrument.finish(2.5)
    assert _lags(tmp_path / "i") == [1.5, 1.5, 1.5]


def test_time_spent_waiting_for_a_processor_is_shared_by_the_windows_it_was_seen_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = iter([1.0, 1.6, 1.6])
    monkeypatch.setattr(Instrument, "_read_delay", lambda _: next(waited))
    instrument = Instrument(tmp_path / "i", start=0.0)
    instrument.observe(2.0, 2.0)
    instrument.finish(2.0)
    delays = [window["run_delay"] for window in read_lines(tmp_path / "i")]
    assert delays == pytest.approx([0.3, 0.3, 0.0])


def test_a_run_delay_that_the_kernel_does_not_report_is_unknown_not_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.load.instrument._open_schedstat", lambda: None)
    instrument = Instrument(tmp_path / "i", start=0.0)
    instrument.finish(1.2)
    assert [window["run_delay"] for window in read_lines(tmp_path / "i")] == [None, None]


def test_the_timer_wakes_when_due_and_at_once_when_that_has_passed() -> None:
    timer = Timer()
    try:
        for at in (time.monotonic() + 0.05, time.monotonic() - 5.0, -1.0):
            timer.arm(at)
            assert select.select([timer.fd], [], [], 10.0)[0] == [timer.fd]
            assert time.monotonic() >= at
            timer.clear()
            assert select.select([timer.fd], [], [], 0.0)[0] == []
        timer.clear()
    finally:
        timer.close()


def test_the_priority_taken_is_named_and_children_get_none_of_it() -> None:
    child = os.fork()
    if child == 0:
        named = raise_priority()
        scheduler = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
        really = {os.SCHED_FIFO: "fifo"}.get(scheduler) or ("nice" if os.nice(0) == -20 else "plain")
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(os.sched_getscheduler(0) != os.SCHED_OTHER)
        inherited = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1])
        os._exit(inherited or named != really)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
