"""One fault, played as a run plays it, while a service does what the test says; and what the check makes of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.checks import effect
from chaos.checks.finding import Finding, Outcome
from chaos.plugin import registry
from chaos.plugin.fault import Fault, Held
from chaos.plugin.handles import Handles
from tests.checks.synthetic import STEP, Night, step_events

# of this process and those it starts: another worker's undo must not end this one's programs
MARK = os.environ.setdefault("MIDNIGHT_TEST_STEP", f"test-path-{os.getpid()}/step")
LONG = 60.0  # seconds: a hold that the test ends


@dataclass(frozen=True)
class Played:
    held: Held
    finding: Finding

    @property
    def outcome(self) -> Outcome:
        return self.finding.outcome

    @property
    def because(self) -> str:
        return self.finding.because


def made(name: str, handles: Handles, **params: Any) -> Fault:
    fault = registry.fault(name)
    return fault(fault.Params.model_validate(params), handles, MARK)


def played(
    fault: Fault,
    place: Path,
    meanwhile: Callable[[], None] = lambda: None,
    *,
    first: Callable[[], None] = lambda: None,
    seconds: float = LONG,
    cut: bool = True,
) -> Played:
    """The hold ends after so many seconds, or when `meanwhile` has where it may be `cut` short.

    It begins when `first`, called once the fault is injected, has returned.
    """
    undo, stop, held = fault.prepare(), threading.Event(), list[Held]()
    try:
        fault.inject()
        first()
        holding = threading.Thread(target=lambda: held.append(fault.hold(seconds, stop)))
        holding.start()
        try:
            meanwhile()
        finally:
            if cut:
                stop.set()
            holding.join()
    finally:
        type(fault).undo(undo)
        type(fault).undo(undo)
    return Played(held[0], judged(held[0], place))


def judged(held: Held, place: Path) -> Finding:
    events = step_events("drop", *STEP, **held.to_json())
    return Night(steps=events).findings(place, effect.check)["drop"]
