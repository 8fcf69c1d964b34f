"""A question is asked until two answers agree: a target in which work is still in flight is not read too early."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from chaos.plan.planned import Plan
from chaos.plugin.handles import Handles
from chaos.record.event import Recorded
from chaos.record.events import InvariantAfter, InvariantBefore
from chaos.record.store import RunDir
from chaos.run import invariants, questions
from chaos.run.questions import Answer
from chaos.spec.invariants import Invariant

GONE = Answer(because="connection refused")
Asked = Callable[..., list[InvariantAfter]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Asked:
    """Asks one question per list of answers, the last of which is repeated; returns what is recorded."""

    def ask(
        *scripts: list[Answer], passes: int = 10, stop: threading.Event | None = None
    ) -> list[InvariantAfter]:
        left = {f"q{place}": list(script) for place, script in enumerate(scripts)}
        times = dict.fromkeys(left, 0)

        def answer(invariant: Invariant, *_: object) -> Answer:
            times[invariant.name] += 1
            script = left[invariant.name]
            return script.pop(0) if len(script) > 1 else script[0]

        def clock() -> float:
            return 0.0 if max(times.values()) < passes else 100.0

        monkeypatch.setattr(questions, "ask", answer)
        monkeypatch.setattr(invariants, "PAUSE", 0.0)
        monkeypatch.setattr(invariants, "time", SimpleNamespace(monotonic=clock))
        plan = SimpleNamespace(invariants=[Invariant(name=name, http="/x", equals=0) for name in left])
        found: list[Recorded] = []
        invariants.ask_all(
            cast(Plan, plan),
            Handles(),
            RunDir(tmp_path),
            InvariantAfter,
            found.append,
            stop or threading.Event(),
        )
        return cast(list[InvariantAfter], found)

    return ask


def test_two_equal_answers_are_enough(asked: Asked) -> None:
    (found,) = asked([Answer(7)])
    assert (found.value, found.settled, found.times) == (7, True, 2)


def test_an_answer_that_still_changes_is_asked_again_and_the_others_are_not(asked: Asked) -> None:
    moving, quiet = asked([Answer(5), Answer(6), GONE, Answer(7), Answer(7)], [Answer(1)])
    assert (moving.value, moving.settled, moving.times) == (7, True, 5)
    assert (quiet.value, quiet.times) == (1, 2)


def test_a_target_that_never_comes_to_rest_has_an_unsettled_answer(asked: Asked) -> None:
    (found,) = asked([Answer(number) for number in range(50)], passes=6)
    assert (found.value, found.settled, found.times) == (5, False, 6)


def test_the_reason_of_no_answer_is_recorded_and_never_counts_as_settled(asked: Asked) -> None:
    (found,) = asked([GONE], passes=4)
    assert (found.value, found.because, found.settled) == (None, "connection refused", False)


def test_nothing_is_recorded_once_the_run_is_stopped(asked: Asked) -> None:
    stop = threading.Event()
    stop.set()
    assert asked([Answer(7)], stop=stop) == []


def test_before_the_play_there_is_less_patience_than_after_it() -> None:
    assert invariants.PATIENCE[InvariantBefore] < invariants.PATIENCE[InvariantAfter]
