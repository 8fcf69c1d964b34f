"""While rounds are played, the position names the round, and the length of the play with the larger doses known."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from chaos.console.words import figures_line
from chaos.load.segments import play_offset, segments
from chaos.record import hits
from chaos.record.event import NOW
from chaos.record.events import QuietPoint
from chaos.record.store import RunDir
from chaos.run import rounds_player
from chaos.run.observer import scheduled
from chaos.run.rounds_player import LEAD, RoundsPlayer
from chaos.spec.load import Load
from chaos.spec.rounds import Rounds

BEGIN = 100.0
LOAD = Load.model_validate(
    {
        "timeout": 1, "mix": {"read": 1}, "baseline": {"for": 1, "rate": 1},
        "phases": [{"name": "warm", "for": 10, "rate": 5}, {"name": "night", "for": 20, "rate": 1}],
    }
)  # fmt: skip
ROUNDS = Rounds.model_construct(warm_up=10, requests=10, count=3, rate=10.0, idle=0.0, again=10)
FIRST, LARGER = 1.0 + 1.0 + 6.0, 60.0
"""Seconds of the warm-up, the round without requests and the rounds of `read`; of the ten times larger ones."""


class Played:
    """Rounds on a clock of their own. At the end of each, `seen` gets the part, the time and the known length."""

    def __init__(self, run: RunDir) -> None:
        self.now, self.seen = BEGIN, list[tuple[str, float, float]]()
        self.spec = SimpleNamespace(pauses=[0], beside=lambda *_: None)
        self._to_come = [1.0, 1.0, 2.0, 3.0, 10.0, 20.0, 30.0]
        hits.create(run.hits, np.zeros(70), np.zeros(70, np.uint8), np.full(70, -1))
        experiment = SimpleNamespace(
            load=SimpleNamespace(length=FIRST, mix={"read": 1}), limits=SimpleNamespace(leaks=None)
        )
        quiet = SimpleNamespace(point=lambda played, _: QuietPoint(NOW, played.name), grown=lambda _: [])
        self.player = RoundsPlayer(
            cast(Any, experiment), ROUNDS, run, cast(Any, SimpleNamespace(now=lambda: self.now)),
            cast(Any, quiet), lambda _: None, "", BEGIN,
        )  # fmt: skip

    async def paused(self) -> None:
        self.now += self._to_come.pop(0)
        found = self.player.position()
        self.seen.append((found.part, round(found.at, 2), round(found.length, 2)))

    async def play(self, late: float) -> None:
        self.now += late

    async def start(self) -> None: ...

    async def go(self, begin: float) -> None:
        self.now = begin

    async def stop(self) -> None: ...

    finished = paused


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Played:
    played = Played(RunDir(tmp_path))
    monkeypatch.setattr(rounds_player, "LoadProcess", lambda *_, **__: played)
    monkeypatch.setattr(rounds_player, "suspects", lambda *_: ["read"])
    return played


def test_the_larger_rounds_are_named_and_the_play_is_as_long_as_they_make_it(played: Played) -> None:
    asyncio.run(played.player.play(cast(Any, played)))
    parts = [part for part, _, _ in played.seen]
    assert parts == ["warm-up", "read 1", "read 2", "read 3", "read 1 x10", "read 2 x10", "read 3 x10"]
    assert all(length < FIRST + 2 for _, _, length in played.seen[:4])
    assert all(FIRST + LARGER - 1 < length < FIRST + LARGER + 3 for _, _, length in played.seen[4:])
    assert all(at <= length for _, at, length in played.seen)


def test_the_play_is_over_only_after_the_larger_rounds(played: Played) -> None:
    before = played.player.position()
    assert (before.part, before.at, before.length) == ("warm-up", 0.0, FIRST)
    asyncio.run(played.player.play(cast(Any, played)))
    after = played.player.position()
    played.now += 5.0
    assert after.part == ""
    assert played.player.position().length == after.length < played.player.position().at


def test_the_hits_are_those_of_the_load_that_plays(played: Played, tmp_path: Path) -> None:
    larger = tmp_path / "again.npy"
    hits.create(larger, np.zeros(3), np.zeros(3, np.uint8), np.full(3, -1))
    assert len(played.player.position().table) == 70
    played.player._second = (larger, tmp_path / "again.jsonl")
    assert len(played.player.position().table) == 3


def test_a_round_that_is_read_for_longer_than_planned_is_not_over() -> None:
    line = figures_line({"phase": "read 3 (counting)", "play_at": 12.0, "play_length": 12.0})
    assert line.startswith("read 3 (counting) 12 s of 12 s: ")


@pytest.mark.parametrize(("into", "part"), [(-LEAD, ""), (3.0, "warm"), (10.0, "night"), (30.0, "")])
def test_phases_are_played_scheduled(into: float, part: str) -> None:
    table = hits.open_table(Path("missing"))
    found = scheduled(LOAD, table, BEGIN, BEGIN + play_offset(LOAD) + into)
    assert (found.part, round(found.at, 3), found.length) == (part, into, 30.0)
    assert segments(LOAD)[1].start == play_offset(LOAD)
