"""Each instrument that is here sends what it was told to, and tells what the server saw."""

from __future__ import annotations

import math

import pytest

from bench import paused, stalled
from bench.attack import RANKS, Attack, BenchError, Report
from bench.peers import script
from bench.processor_time import Usage
from bench.workshop import Workshop

pytestmark = pytest.mark.real


NAMES = ("midnight", "midnight x 2", "httpx", "locust", "k6", "vegeta")


@pytest.mark.parametrize("name", NAMES)
def test_every_request_reaches_the_server_and_none_is_faster_than_its_answer(
    shop: Workshop, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "PATIENCE", 60.0)  # how fast it is, on a busy machine, is not asked here
    if name not in shop.peers.instruments:
        pytest.skip(f"{name} is missing: {shop.peers.missing[name]}")
    with shop.serving(0.01) as server:
        attack = Attack(server.url, rate=40, length=1.0, concurrency=10)
        shot = shop.shoot(shop.peers.instruments[name], server, attack)
    assert len(shot.truth.arrived) - attack.count in (
        (0, 1) if name == "k6" else (0,)
    )  # k6 may send one more
    assert shot.report.bad == 0
    assert all(0.01 <= shot.report.percentiles[rank] < math.inf for rank in RANKS)
    assert shot.processor > 0


def test_an_instrument_that_never_reaches_the_server_breaks_the_bench(shop: Workshop) -> None:
    class Idle:
        name = "idle"

        def run(self, *_: object) -> Report:
            return Report(0, {}, None, Usage())

    with shop.serving(0.0) as server, pytest.raises(BenchError, match="idle never reached"):
        shop.shoot(Idle(), server, Attack(server.url, 10, 1.0))


def test_a_pause_of_our_own_is_never_blamed_on_the_target(shop: Workshop) -> None:
    slow, blamed = paused.pause(shop)
    assert slow > 0
    assert blamed == 0


def test_a_stall_of_the_target_costs_no_hit(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"BEFORE": 0.5, "STALL": 0.5, "PAUSE": 0.2, "AFTER": 0.5}.items():
        monkeypatch.setattr(stalled, name, seconds)
    before, after, bad = stalled.stall(shop)
    assert bad == 0
    assert before >= stalled.DELAY
    assert after >= stalled.DELAY
