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
            await load.paused()
            assert Outcome.PENDING not in outcomes(playing.table()), "all of it is in the file"
            await load.play(delay)
            assert await load.finished() == len(playing.table())
        finally:
            await load.stop()

    asyncio.run(play())


def test_the_play_waits_for_requests_in_flight_and_is_shifted_by_the_given_delay(
    playing: Playing, server: Server
) -> None:
    playing.timeout, playing.pauses = 1.5, (2,)
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
    playing.pauses = (baseline,)
    played(playing, playing.process([OK], [0.0, 0.1]), delay=0.0)
    assert outcomes(playing.table()) == [Outcome.GOOD] * 2


def test_a_load_process_that_ends_during_the_baseline_is_reported(playing: Playing) -> None:
    async def play() -> None:
        load = playing.process([HANG], [0.0, 600.0])
        await load.start()
        await load.go(playing.now())
        await load._tell("nonsense")
        with pytest.raises(LoadError, match="expected 'play' and a number"):
            await load.paused()
        await load.stop()

    playing.timeout, playing.pauses = 500.0, (1,)
    asyncio.run(play())


def test_a_load_process_stopped_in_the_pause_leaves_the_play_unsent(playing: Playing) -> None:
    async def play() -> None:
        load = playing.process([OK], [0.0, 0.1])
        await load.start()
        await load.go(playing.now())
        await load.paused()
        await load.stop()

    playing.pauses = (1,)
    asyncio.run(play())
    assert outcomes(playing.table()) == [Outcome.GOOD, Outcome.UNSENT]


def test_the_load_pauses_as_often_as_it_is_told_to(playing: Playing) -> None:
    async def play() -> int:
        load = playing.process([OK] * 4, [0.0, 0.1, 0.2, 0.3])
        try:
            await load.start()
            await load.go(playing.now())
            for sent in (1, 3):
                await load.paused()
                assert outcomes(playing.table()) == [Outcome.GOOD] * sent + [Outcome.UNSENT] * (4 - sent)
                await load.play(0.5)
            return await load.finished()
        finally:
            await load.stop()

    playing.pauses = (1, 3)
    assert asyncio.run(play()) == 4
    table = playing.table()
    assert table["due"][3] - table["due"][0] == pytest.approx(1.3)


def test_every_later_request_is_shifted_in_the_file_not_only_those_before_the_next_pause(
    playing: Playing,
) -> None:
    async def play() -> None:
        load = playing.process([OK] * 3, [0.0, 0.1, 0.2])
        try:
            await load.start()
            await load.go(playing.now())
            await load.paused()
            await load.play(0.5)
            await load.paused()
            table = playing.table()
            assert outcomes(table) == [Outcome.GOOD, Outcome.GOOD, Outcome.UNSENT]
            assert table["due"][2] - table["due"][0] == pytest.approx(0.7)
        finally:
            await load.stop()

    playing.pauses = (1, 2)
    asyncio.run(play())
