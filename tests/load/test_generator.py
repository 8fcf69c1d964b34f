"""An error of midnight's own ends the play; the trouble of one connection does not."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import uvloop

from chaos.load import generator
from chaos.load.generator import Generator
from chaos.load.recorder import Recorder
from chaos.load.sender import Landed, Sender
from chaos.load.spec import LoadSpec
from chaos.record import hits
from chaos.spec.routes import Route


class _Sender:
    """Sends nothing, and errs in a callback of the loop, where nobody can catch it, or in a future that
    nobody asks."""

    def __init__(self, error: Exception, *, asked: bool = True) -> None:
        self._error, self._asked = error, asked

    def send(self, _: int, landed: Landed) -> float:
        loop = asyncio.get_running_loop()
        if self._asked:
            loop.call_soon(self._err)
        else:
            loop.create_future().set_exception(self._error)
            loop.call_soon(landed, None)
        return time.monotonic()

    def _err(self) -> None:
        raise self._error

    async def close(self) -> None:
        pass


def _play(place: Path, sender: _Sender, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(generator, "_quiet_collector", lambda: None)
    zeros: Any = np.zeros(1, np.uint8)
    hits.create(place / "hits.npy", np.zeros(1), zeros, np.full(1, -1))
    spec = LoadSpec(
        base_url="http://127.0.0.1:1",
        hits=place / "hits.npy",
        instrument=place / "instrument.jsonl",
        clock_zero=0.0,
        seed=1,
        routes=(Route(path="/"),),
        timeouts=(1.0,),
    )

    async def play() -> int:
        async with asyncio.timeout(20):
            playing = Generator(spec, Recorder(spec.hits), cast(Sender, sender))
            return await playing.play(time.monotonic())

    return uvloop.run(play())


@pytest.mark.parametrize("error", [ZeroDivisionError("ours"), OSError("ours")])
def test_an_uncatchable_internal_error_ends_the_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with pytest.raises(type(error), match="ours"):
        _play(tmp_path, _Sender(error), monkeypatch)


def test_the_trouble_of_a_connection_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _play(tmp_path, _Sender(TimeoutError("theirs"), asked=False), monkeypatch) == 1
