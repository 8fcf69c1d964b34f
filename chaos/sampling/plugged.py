"""The sampling sources that plug-ins register under `midnight.sources`: one that raises costs its own gauges, never
the run."""

from __future__ import annotations

import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from chaos.plugin.handles import Handles
from chaos.plugin.source import SamplingSource
from chaos.record.gauges import Source
from chaos.record.redact import known
from chaos.sampling.source import Gauges

GROUP = "midnight.sources"
RETURNS_WITHIN = 5.0  # seconds for the read under way when the sampling ends

Lost = Callable[[str, str], None]
"""Called with the name of a source that is not read any more, and why."""

log = logging.getLogger(__name__)


def every(handles: Handles, lost: Lost) -> list[Plugged]:
    """The sources of plug-ins, by name. Nothing is imported or made before it is read."""
    return [Plugged(point, handles, lost) for point in points()]


def points() -> list[EntryPoint]:
    """What is registered under `midnight.sources`, by name."""
    return sorted(entry_points(group=GROUP), key=lambda point: point.name)


def load(point: EntryPoint) -> type[SamplingSource]:
    """The class that is registered. Raises TypeError, ValueError, and whatever its import raises."""
    if Counter(each.name for each in points())[point.name] > 1:
        raise ValueError(f"{point.value}: duplicate source name {point.name!r}")
    if any(point.name == each.rstrip(":") for each in Source) or ":" in point.name:
        raise ValueError(f"{point.value}: the name {point.name!r} is taken by midnight's own gauges")
    found = point.load()
    if not (isinstance(found, type) and issubclass(found, SamplingSource)):
        raise TypeError(f"{point.value}: must be a SamplingSource, got {found!r}")
    return found


def checked(kind: type[SamplingSource], read: Mapping[str, Any]) -> dict[str, float]:
    """What was read, as the journal takes it. Raises ValueError for a gauge that is not declared or not finite."""
    if strange := sorted(set(read) - set(kind.gauges)):
        raise ValueError(f"{strange[0]!r} is not among its gauges: {', '.join(sorted(kind.gauges))}")
    values = {name: float(value) for name, value in read.items()}
    for name, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, got {value}")
    return values


class Plugged:
    """One source of a plug-in, as the sampler reads it: it never raises."""

    def __init__(self, point: EntryPoint, handles: Handles, lost: Lost) -> None:
        self._point, self._handles, self._lost = point, handles, lost
        self._source: SamplingSource | None = None
        self._made = self._gone = False

    def read(self) -> Gauges:
        if self._gone:
            return {}
        try:
            if not self._made:
                self._made, self._source = True, load(self._point).of(self._handles)
            if self._source is None:
                return {}
            values = checked(type(self._source), self._source.read())
        except Exception as error:  # a plug-in may raise anything
            self._give_up(f"{type(error).__name__}: {error}")
            return {}
        return {(self._point.name, gauge): value for gauge, value in values.items()}

    def close(self) -> None:
        source, self._source = self._source, None
        try:
            if source is not None:
                source.close()
        except Exception as error:  # as above
            self._give_up(f"close: {type(error).__name__}: {error}")

    def abandon_unless(self, thread: threading.Thread) -> None:
        """Wait for the thread that reads it; one that does not return is left behind, and said."""
        thread.join(RETURNS_WITHIN)
        if thread.is_alive():
            self._give_up(f"its read did not return within {RETURNS_WITHIN:g} s")

    def _give_up(self, because: str) -> None:
        if not self._gone:
            self._gone = True
            log.debug("sampling source %s: %s", self._point.name, because, exc_info=True)
            self._lost(self._point.name, known(because))
