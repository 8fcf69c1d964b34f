"""Read what the service holds before the play and after it, until it has come back or the time is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from chaos.checks.leaks.returned import AFTER, BEFORE, kept
from chaos.record.event import NOW, Recorded
from chaos.record.events import QuietPoint
from chaos.run.quiet import Quiet
from chaos.spec.experiment import Experiment
from chaos.spec.rounds import Round

WITHIN = 10.0
"""Most seconds to wait for what does not come back; `limits.recovery` if that is shorter."""

_PAUSE = 1.0  # seconds between readings


class Returned:
    """Reads both points; neither if the experiment looks for leaks itself, or says `held: off`."""

    def __init__(
        self, experiment: Experiment, quiet: Quiet, event: Callable[[Recorded], None], stop: threading.Event
    ) -> None:
        self._off = experiment.load.rounds is not None or experiment.limits.held == "off"
        self._within = min(WITHIN, experiment.limits.recovery or WITHIN)
        self._quiet, self._event, self._stop = quiet, event, stop
        self._before: QuietPoint | None = None

    def before(self) -> None:
        """Read what is held, and record it."""
        if not self._off:
            self._before = self._quiet.point(Round(BEFORE, 0, 0.0, 0.0), 0.0)
            self._event(self._before)

    def after(self) -> None:
        """Read until it is as before, and record the last reading."""
        if self._before is None or not self._before.processes:
            return
        began = time.monotonic()
        while True:
            seconds = time.monotonic() - began
            point = self._quiet.point(Round(AFTER, 0, 0.0, 0.0), seconds)
            if not kept(self._before, point) or seconds > self._within or self._stop.wait(_PAUSE):
                break
        self._event(replace(point, at=NOW))
