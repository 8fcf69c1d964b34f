"""Nights that prove nothing, or end badly: none of them is green, and the first line says why."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.calibration.files import arguments, load, tell
from tests.calibration.future import Event
from tests.calibration.truth import Truth, truth
from tests.conftest import traces
from tests.midnight import Midnight

pytestmark = pytest.mark.real
ALWAYS = (-math.inf, math.inf)
OUTAGE = "outage: {below: 90%, window: 500ms, sustained: 1s}"
LENIENT = "slos: [{name: availability, availability: 10%}]\nlimits: {lost_writes: 0}"
BUSY = "{lag: 5s, run_delay: 100%}"  # they are played all at once: what they are about is no matter of time


def no_parts(server: Truth) -> tuple[str, ...]:
    del server
    return (LENIENT,)


def twice(server: Truth) -> tuple[str, ...]:
    after = tell(server, 1.0, name="second").replace("at: 0.5s", "after: first")
    return f"steps:\n{tell(server, 3.0, name='first')}\n{after}", LENIENT


@dataclass(frozen=True, slots=True)
class Case:
    """A night: what the target does, what the experiment holds, and what must come of it."""

    code: int
    because: str  # in the reasons
    finding: str  # `check: name`
    future: tuple[Event, ...] = ()
    parts: Callable[[Truth], tuple[str, ...]] = no_parts
    mix: str = "read: 3, write: 3"
    play: float = 3.0  # seconds
    page: int = 10000


CASES = {
    "a fault that takes no effect": Case(
        3,
        "tell: too little effect: 0 told (at least 1 needed)",
        "effect: tell",
        parts=lambda server: (f"steps:\n{tell(server, 0.5, dose=0)}", LENIENT),
    ),
    "a load that never reached the target": Case(
        3,
        "none answered: the load never reached the target",
        "steady: baseline",
        (Event("hang", *ALWAYS, route="/items"), Event("hang", *ALWAYS, route="/records")),
    ),
    "a baseline that was already bad": Case(
        3,
        "no steady state: 0 of ",
        "steady: baseline",
        (Event("fail", *ALWAYS, route="/items"), Event("fail", *ALWAYS, route="/records")),
        parts=lambda server: (f"steps:\n{tell(server, 0.5)}", LENIENT),
    ),
    "a ledger that acknowledged nothing": Case(
        3,
        "no write was acknowledged, so none could be lost",
        "loss: lost_writes",
        (Event("garbage", *ALWAYS, route="/records"),),
        mix="read: 9, write: 1",
    ),
    "a read-back that fails halfway": Case(
        3,
        "0020 failed 5 times: it was answered with 503",  # the key that a page ends with is that of its 20th record
        "loss: lost_writes",
        (Event("break_list", *ALWAYS, after=1),),
        page=20,
    ),
    "a step that was skipped": Case(
        3, "second: skipped: the play ended before it could start", "effect: second", parts=twice
    ),
    "an observation that ended before recovery": Case(
        1,
        "recovery at least ",
        "recovery: recovery",
        (Event("fail", 1.0, math.inf),),
        parts=lambda server: (
            f"steps:\n{tell(server, 0.2)}",
            LENIENT.replace("{lost", "{recovery: 500ms, lost"),
        ),
        play=6.0,  # however late the step begins
    ),
}


FURTHER = (
    "a load that never reached the target",
    "a read-back that fails halfway",
    "a step that was skipped",
)


def cases(names: Iterable[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.full) if name in FURTHER else name for name in names]


@pytest.fixture(scope="module")
def nights(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Midnight, int]]]:
    """Every case that is tested, played at once, each at a target of its own, with its exit code."""
    tests = [test for test in request.session.items if isinstance(test, pytest.Function)]
    here = [test for test in tests if test.path == request.path and "nights" in test.fixturenames]
    wanted = {test.callspec.params["name"] for test in here}
    with ExitStack() as servers:
        begun = {}
        for name, case in CASES.items():
            if name not in wanted:
                continue
            server = servers.enter_context(truth(*case.future))
            midnight = Midnight(tmp_path_factory.mktemp("night"))
            servers.callback(midnight.stop_all)
            parts = (load(case.play, rate=20, baseline=1.0, mix=case.mix), OUTAGE, *case.parts(server))
            process = midnight.start(*arguments(midnight, server, *parts, instrument=BUSY, page=case.page))
            begun[name] = midnight, process
        yield {name: (midnight, process.wait(120)) for name, (midnight, process) in begun.items()}
        for midnight, _ in begun.values():
            assert traces(midnight.run.id) == set()


@pytest.mark.parametrize("name", cases(CASES))
def test_no_green_and_the_first_line_says_why(nights: dict[str, tuple[Midnight, int]], name: str) -> None:
    (midnight, code), case = nights[name], CASES[name]
    assert code == case.code, (midnight.place / "output").read_text()
    assert midnight.verdict["headline"].startswith({1: "FAIL: ", 3: "UNKNOWN: "}[case.code])
    assert any(case.because in reason for reason in midnight.verdict["reasons"])
    assert midnight.outcomes()[case.finding] == {1: "fail", 3: "unknown"}[case.code]
    assert midnight.verdict["headline"] in unescape(midnight.run.report.read_text())


@pytest.mark.parametrize(
    "name", cases(name for name, case in CASES.items() if case.finding == "steady: baseline")
)
def test_without_a_steady_state_nothing_is_injected(
    nights: dict[str, tuple[Midnight, int]], name: str
) -> None:
    assert [event for event in nights[name][0].events() if event.phase == "injecting"] == []


@pytest.mark.full
def test_a_limit_that_the_play_could_not_break_is_refused(tmp_path: Path) -> None:
    midnight = Midnight(tmp_path)
    with truth() as server:
        unbreakable = "limits: {recovery: 2500ms}"
        done = midnight(*arguments(midnight, server, load(3), OUTAGE, unbreakable))
        assert server.record().entries == [], "nothing was touched"
    assert done.code == 2
    assert "limits: recovery: 2.5 s cannot be broken by this play" in done.err.splitlines()[0]
