"""The load is an open loop: arrivals go on whatever the target does, and an early end leaves the rest unsent."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from chaos.errors import LoadError
from chaos.load.process import LoadProcess
from chaos.load.spec import LoadSpec
from chaos.record.hits import Outcome
from chaos.record.journal import read_lines
from chaos.spec.routes import Route
from tests.load.playing import Playing, outcomes
from tests.load.server import Server

OK = Route(path="/ok")


async def _begin(load: LoadProcess, playing: Playing) -> None:
    await load.start()
    await load.go(playing.now())


def test_a_stalled_target_does_not_slow_the_arrivals(playing: Playing, server: Server) -> None:
    playing.timeout = 30.0
    due = [0.01 * n for n in range(200)]

    async def play() -> int:
        load = playing.process([OK], due)
        server.stall()
        await _begin(load, playing)
        await asyncio.to_thread(server.wait_for, len(due), "/ok")
        server.release()
        return await load.finished()

    assert asyncio.run(play()) == len(due)
    table = playing.table()
    assert set(outcomes(table)) == {Outcome.GOOD}
    first_answer = table["done"].min()
    assert (table["sent"] < first_answer).all()  # every one was sent while none had been answered
    assert (np.diff(table["due"]) > 0).all()
    assert table["done"].min() - table["due"][0] > due[-1]  # the wait counts from when it was due
    assert (table["sent"] >= table["due"]).all()


def test_the_load_process_stops_when_its_input_ends_and_leaves_the_rest_unsent(
    playing: Playing, server: Server
) -> None:
    async def play() -> int:
        load = playing.process([OK, Route(path="/hang")], [0.0, 0.1, 600.0, 601.0])
        await _begin(load, playing)
        await asyncio.to_thread(server.wait_for, 1, "/hang")
        pid = load.pid
        await load.stop()
        return pid

    playing.timeout = 500.0
    pid = asyncio.run(play())
    assert not psutil.pid_exists(pid)
    assert outcomes(playing.table()) == [Outcome.GOOD, Outcome.PENDING, Outcome.UNSENT, Outcome.UNSENT]
    assert np.isnan(playing.table()["sent"]).tolist() == [False, False, True, True]


def test_a_killed_load_process_leaves_a_table_of_what_was_sent(playing: Playing, server: Server) -> None:
    async def play() -> str:
        load = playing.process([OK, Route(path="/hang")], [0.0, 0.1, 600.0])
        await _begin(load, playing)
        await asyncio.to_thread(server.wait_for, 1, "/hang")
        async with asyncio.timeout(10):  # rows are written a moment after they change
            while Outcome.PENDING not in outcomes(playing.table()):
                await asyncio.sleep(0.01)
        os.kill(load.pid, signal.SIGKILL)
        with pytest.raises(LoadError) as ended:
            await load.finished()
        await load.stop()
        return str(ended.value)

    playing.timeout = 500.0
    assert "ended early with code -9" in asyncio.run(play())
    assert outcomes(playing.table()) == [Outcome.GOOD, Outcome.PENDING, Outcome.UNSENT]


def test_out_of_descriptors_it_ends_and_says_so_instead_of_blaming_the_target(playing: Playing) -> None:
    async def play() -> None:
        load = playing.process([Route(path="/hang")], [0.0] * 30)
        await load.start()
        process = psutil.Process(load.pid)
        few = process.num_fds() + 10
        process.rlimit(psutil.RLIMIT_NOFILE, (few, few))
        await load.go(playing.now())
        try:
            await load.finished()
        finally:
            await load.stop()

    with pytest.raises(LoadError, match="Too many open files"):
        asyncio.run(play())


def test_the_load_process_runs_midnights_code_in_any_working_directory(
    playing: Playing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chaos").mkdir()
    (tmp_path / "chaos/__init__.py").touch()
    (tmp_path / "json.py").touch()
    monkeypatch.chdir(tmp_path)
    assert outcomes(playing.whole([OK], [0.0])) == [Outcome.GOOD]


def test_the_load_process_carries_its_mark(playing: Playing) -> None:
    async def play() -> dict[str, str]:
        load = playing.process([OK], [0.0])
        await load.start()
        environment = psutil.Process(load.pid).environ()
        await load.stop()
        return environment

    assert asyncio.run(play())["MIDNIGHT_MARK"] == "test/load"


def test_a_load_process_stopped_before_its_start_sends_nothing(playing: Playing, server: Server) -> None:
    async def play() -> None:
        load = playing.process([OK], [0.0])
        assert await load.start() in {"fifo", "nice", "plain"}
        await load.stop()
        await load.stop()

    asyncio.run(play())
    assert server.requests == []
    assert outcomes(playing.table()) == [Outcome.UNSENT]


def test_a_request_due_before_the_start_is_sent_late_and_not_dropped(playing: Playing) -> None:
    async def play() -> int:
        load = playing.process([OK], [0.0, 0.1])
        await load.start()
        await load.go(playing.now() - 3.0)
        return await load.finished()

    assert asyncio.run(play()) == 2
    table = playing.table()
    assert (table["sent"] - table["due"] > 2.5).all()
    lags = [window["lag"] for window in read_lines(playing.instrument)]
    assert max(lags) > 2.5


def test_the_instrument_has_a_line_for_every_window_without_a_hole(playing: Playing) -> None:
    playing.whole([OK], [0.0, 2.3])
    windows = list(read_lines(playing.instrument))
    assert len(windows) >= 3
    assert [window["start"] for window in windows[1:]] == [window["end"] for window in windows[:-1]]
    assert all(window["run_delay"] is not None and window["run_delay"] >= 0 for window in windows)
    assert windows[-1]["end"] >= playing.table()["done"].max()


def test_a_pause_of_the_instrument_is_seen_even_if_no_request_was_due(playing: Playing) -> None:
    pauses = 5

    async def play() -> None:
        load = playing.process([OK], [0.0, 600.0])
        await _begin(load, playing)
        for _ in range(pauses):
            await asyncio.sleep(0.6)  # so that each lies in a window of its own
            os.kill(load.pid, signal.SIGSTOP)
            await asyncio.sleep(0.04)
            os.kill(load.pid, signal.SIGCONT)
        await asyncio.sleep(0.3)
        await load.stop()

    playing.beat = 0.00375
    asyncio.run(play())
    assert sum(window["lag"] > 0.03 for window in read_lines(playing.instrument)) >= pauses


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ({"base_url": "http://192.0.2.1"}, "is not this machine and not in the target's `allow`"),
        ({"base_url": "http://no-such-host.invalid"}, "has no address"),
    ],
)
def test_a_host_beyond_this_machine_is_refused(
    playing: Playing, change: dict[str, str], because: str, tmp_path: Path
) -> None:
    async def play() -> None:
        playing.process([OK], [0.0])
        spec = LoadSpec(
            base_url=change["base_url"],
            hits=playing.hits,
            instrument=playing.instrument,
            clock_zero=time.monotonic(),
            seed=1,
            routes=(OK,),
            timeouts=(1.0,),
        )
        await LoadProcess(spec, mark="test/load", log=tmp_path / "load.log").start()

    with pytest.raises(LoadError, match=because):
        asyncio.run(play())
