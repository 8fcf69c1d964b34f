"""While the target is read between rounds, the load pauses: what falls due meanwhile is not judged as unsent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from chaos.record import hits
from chaos.record.event import NOW
from chaos.record.events import QuietPoint
from chaos.record.store import RunDir
from chaos.run.rounds_player import LEAD, RoundsPlayer
from chaos.spec.rounds import Round

BEGIN, SLOW = 100.0, 30.0
ROUNDS = [Round("read 1", 10, 10.0, 0.0, "read"), Round("write 1", 10, 10.0, 0.0, "write")]


class Playing:
    """Two rounds on a clock of their own, in which a look at everything takes 30 s. `judged`: until when, by time."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.judged: dict[float, float] = {}
        run = RunDir(Path("nowhere"))
        quiet = SimpleNamespace(point=lambda played, _: QuietPoint(NOW, played.name), grown=self._look)
        clock, nothing = SimpleNamespace(now=lambda: self.now), cast(Any, None)
        experiment = SimpleNamespace(load=SimpleNamespace(length=2.0))
        self.player = RoundsPlayer(
            cast(Any, experiment), nothing, run, cast(Any, clock), cast(Any, quiet), lambda _: None, "",
            BEGIN,
        )  # fmt: skip

    def play(self, table: Path) -> None:
        hits.create(table, np.zeros(20), np.zeros(20, np.uint8), np.full(20, -1))
        load = SimpleNamespace(paused=self._first_ended, play=self._resumed, finished=self._second_ended)
        asyncio.run(self.player._each(ROUNDS, cast(Any, load), BEGIN, table, 0))

    def _at(self, now: float) -> None:
        self.now = now
        self.judged[round(now - BEGIN, 3)] = round(self.player.so_far()._now - BEGIN, 3)

    async def _first_ended(self) -> None:
        self._at(BEGIN + 0.5)
        self._at(BEGIN + 1)

    def _look(self, _played: Round) -> list[Any]:
        self._at(self.now + SLOW)
        return []

    async def _resumed(self, late: float) -> None:
        assert late == pytest.approx(SLOW + LEAD)

    async def _second_ended(self) -> None:
        self._at(BEGIN + 31.1)
        self._at(BEGIN + 31.7)


def test_what_falls_due_while_the_target_is_read_is_not_judged_until_the_next_round_begins(
    tmp_path: Path,
) -> None:
    playing = Playing()
    playing.play(tmp_path / "hits.npy")
    # the first round ends at 1, the second begins at 31.2
    assert playing.judged == {0.5: 0.5, 1.0: 1.0, 31.0: 1.0, 31.1: 1.0, 31.7: 31.7, 61.7: 31.7}
