"""The answers to the invariants of an experiment and its target. The name of each is that of the invariant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from chaos.record.event import Recorded
from chaos.record.fields import stored


@dataclass(frozen=True, slots=True)
class InvariantBefore(Recorded):
    """The answer before the play, after the baseline: `value`, or the reason why there is none."""

    source = "invariant"
    phase = "before"
    value: Any = stored("number, true, false, text or null", null=True)
    because: str = stored("text", "")
    settled: bool = stored("true or false", default=False)
    times: int | None = stored("count")


@dataclass(frozen=True, slots=True)
class InvariantAfter(Recorded):
    """The answer after the play, once the target is quiet: `value`, or the reason why there is none."""

    source = "invariant"
    phase = "after"
    value: Any = stored("number, true, false, text or null", null=True)
    because: str = stored("text", "")
    settled: bool = stored("true or false", default=False)
    times: int | None = stored("count")


InvariantAnswered: TypeAlias = InvariantBefore | InvariantAfter
