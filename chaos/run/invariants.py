"""Ask the questions of an experiment and its target before and after the play, until two answers agree."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from chaos.plan.planned import Plan
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.record.event import NOW, Recorded
from chaos.record.events import InvariantAfter, InvariantBefore
from chaos.record.store import RunDir
from chaos.run import questions
from chaos.run.questions import Answer
from chaos.spec.invariants import Invariant

PAUSE = 0.5
"""Seconds between two answers: work still in flight at the first shows in the second."""
PATIENCE: Mapping[type[Recorded], float] = {InvariantBefore: 3.0, InvariantAfter: 15.0}
"""Seconds for all answers to agree. After the play, what is left of it may take a while."""
_COMMAND = "known when it is run: a rehearsal runs no command"


@dataclass(slots=True)
class _Asked:
    """A question and its last answer; `settled`: the one before was the same."""

    invariant: Invariant
    last: Answer | None = None
    settled: bool = False
    times: int = 0

    def again(self, answer: Answer) -> None:
        self.settled = answer.value is not None and self.last == answer
        self.last, self.times = answer, self.times + 1


def ask_all(
    plan: Plan,
    handles: Handles,
    run: RunDir,
    kind: type[InvariantBefore] | type[InvariantAfter],
    event: Callable[[Recorded], None],
    stop: threading.Event,
) -> None:
    """Ask everything, and record the answers as events of that kind; if `stop` is set meanwhile, none.

    After the play, nothing may act on the target any more.
    """
    asked, deadline = [_Asked(each) for each in plan.invariants], time.monotonic() + PATIENCE[kind]
    left = asked
    while left:
        for each in left:
            if stop.is_set():
                return
            each.again(questions.ask(each.invariant, handles, run, kind.phase))
        left = [each for each in left if not each.settled]
        if not left or time.monotonic() >= deadline:
            break
        stop.wait(PAUSE)
    for each in asked:
        answer = each.last or Answer()
        event(
            kind(
                NOW,
                each.invariant.name,
                value=answer.value,
                because=answer.because,
                settled=each.settled,
                times=each.times,
            )
        )


def probes(invariants: Sequence[Invariant], handles: Handles) -> Iterator[Probe]:
    """Ask each question once, except commands, which are looked up: nothing is changed."""
    for each in invariants:
        what = f"invariant {each.name!r} can be answered"
        if each.command is not None:
            found = questions.startable(each)
            remedy = "correct the command in the target file or install it"
            yield (
                unknown(what, _COMMAND)
                if found
                else no(what, f"{each.command[0]}: command not found", remedy)
            )
            continue
        answer = questions.ask(each, handles)
        yield yes(what, f"now {answer.value}") if answer.value is not None else no(what, answer.because)
