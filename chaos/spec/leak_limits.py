"""How much each request may leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from chaos.spec.broken import BrokenRule
from chaos.spec.rounds import COUNTED_AS, Rounds
from chaos.spec.units import Size
from chaos.spec.yamlfile import Model

PerRequest = Annotated[float, Field(ge=0, le=1_000_000)]

MEMORY = "memory"


class LeakLimits(Model):
    """Per request; 0: nothing. What is not counted in a target is not judged."""

    descriptors: PerRequest = 0.0
    threads: PerRequest = 0.0
    sessions: PerRequest = 0.0
    entries: PerRequest = 0.0  # of caches and maps that the service exports
    greenlets: PerRequest = 0.0
    tasks: PerRequest = 0.0
    goroutines: PerRequest = 0.0  # where the target names pprof
    objects: PerRequest = 0.0  # that Python's garbage collector tracks
    memory: Size | None = None  # bytes; None: shown, not judged

    def of(self, resource: str) -> float | None:
        """The limit of a resource such as `descriptors:file`; None if it is not judged."""
        kind = resource.partition(":")[0]
        kind = COUNTED_AS.get(kind, kind)
        found = getattr(self, kind) if kind in type(self).model_fields else None
        return None if found is None else float(found)

    def unbreakable(self, rounds: Rounds) -> Iterator[BrokenRule]:
        """The limits above zero that so few requests cannot show to be broken."""
        for key in type(self).model_fields:
            allowed = getattr(self, key)
            if key != MEMORY and allowed and allowed * rounds.requests < 1:
                rule = f"cannot be broken by this play: {rounds.requests} requests may leave {allowed:g} each"
                yield BrokenRule(f"{rule}: set load.rounds.requests to {-(-1 // allowed):.0f}", key)
        if (
            self.memory is not None
            and self.memory * (most := sum(rounds.doses(max(1, rounds.again)))) < LEAST_MEMORY
        ):
            rule = f"cannot be broken by this play: less than {LEAST_MEMORY / 1e6:g} MB is not distinguished from noise"
            least = -(-LEAST_MEMORY * rounds.requests // (max(self.memory, 1) * most))
            yield BrokenRule(f"{rule}: set load.rounds.requests to {least}", MEMORY)


LEAST_MEMORY = 4_000_000
"""Bytes. The unique memory of a Python process jumps by 0.2 to 1.5 MB in a third of all innocent runs."""
