"""The pause between baseline and play: every request of the baseline comes to its own end first."""

from __future__ import annotations

import asyncio

import pytest

from chaos.errors import LoadError
from chaos.load.process import LoadProcess
from chaos.record.hits import Outcome
from chaos.spec.routes import Route
from tests.load.playing import Playing, outcomes
from tests.load.server import Server

OK, HANG = Route(path="/ok"), Route(path="/hang")


def played(playing: Playing, load: LoadProcess, delay: float) -> None:
    async def play() -> None:
        try:
            await load.start()
            await load.go(playing.now())
            await load.baseline_over()
            assert Outcome.PENDING not in outcomes(playing.table()), "all of it is in the file"
            await load.play(delay)
            assert await load.finished() == len(playing.table())
        finally:
            await load.stop()

    asyncio.run(play())


def test_the_play_waits_for_requests_in_flight_and_is_shifted_by_the_given_delay(
    playing: Playing, server: Server
) -> None:
    playing.timeout, playing.baseline = 1.5, 2
    before = playing.now()
    played(playing, playing.process([OK, HANG, OK], [0.0, 0.1, 0.3]), delay=2.0)
    table = playing.table()
    assert outcomes(table) == [Outcome.GOOD, Outcome.TIMEOUT, Outcome.GOOD]
    assert table["sent"][2] > table["done"][1] and table["sent"][2] >= table["due"][2]
    assert table["due"][2] - table["due"][0] == pytest.approx(2.3)
    assert table["due"][0] >= before
    assert [request.path for request in server.requests] == ["/ok", "/hang", "/ok"]


@pytest.mark.parametrize("baseline", [0, 2], ids=["nothing before the play", "no play"])
def test_either_part_may_be_empty(playing: Playing, baseline: int) -> None:
    playing.baseline = baseline
    played(playing, playing.process([OK], [0.0, 0.1]), delay=0.0)
    assert outcomes(playing.table()) == [Outcome.GOOD] * 2


def test_a_load_process_that_ends_during_the_baseline_is_reported(playing: Playing) -> None:
    async def play() -> None:
        load = playing.process([HANG], [0.0, 600.0])
        await load.start()
        await load.go(playing.now())
        await load._tell("nonsense")
        with pytest.raises(LoadError, match="expected 'play' and a number"):
            await load.baseline_over()
        await load.stop()

    playing.timeout, playing.baseline = 500.0, 1
    asyncio.run(play())


def test_a_load_process_stopped_in_the_pause_leaves_the_play_unsent(playing: Playing) -> None:
    async def play() -> None:
        load = playing.process([OK], [0.0, 0.1])
        await load.start()
        await load.go(playing.now())
        await load.baseline_over()
        await load.stop()

    playing.baseline = 1
    asyncio.run(play())
    assert outcomes(playing.table()) == [Outcome.GOOD, Outcome.UNSENT]
