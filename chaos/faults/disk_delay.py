"""Delay every read, write or flush of a disk. The dose is the requests delayed, and how long the target waited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from chaos.faults.shared.served_disk import OnDisk, OnDiskParams
from chaos.host.disk.account import Account
from chaos.host.disk.knobs import LONGEST_DELAY, Knob
from chaos.host.disk.model import Kind
from chaos.spec.broken import BrokenRule
from chaos.spec.units import NotNegative

USUAL = "50ms"  # of a flush, if no delay is given
_Delay = Annotated[NotNegative, Field(le=LONGEST_DELAY)]


class DiskDelayParams(OnDiskParams):
    read: _Delay = 0.0  # seconds added to each request
    write: _Delay = 0.0
    flush: _Delay = 0.0
    min_delayed: Annotated[int, Field(ge=1)] = 10  # the floor: requests delayed
    min_waited: NotNegative = 0.2  # the floor: seconds that the target's own threads waited for the disk

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, given: Any) -> Any:
        none = isinstance(given, dict) and not given.keys() & set(Kind)
        return {**given, Kind.FLUSH: USUAL} if none else given

    def broken_rules(self) -> Iterator[BrokenRule]:
        if not self.delays:
            yield BrokenRule("set at least one of `read`, `write` and `flush`, such as `flush: 50ms`")

    @property
    def delays(self) -> dict[Kind, float]:
        said = {Kind.READ: self.read, Kind.WRITE: self.write, Kind.FLUSH: self.flush}
        return {kind: delay for kind, delay in said.items() if delay}


class DiskDelay(OnDisk):
    Params = DiskDelayParams
    knob = Knob.DELAY

    def value(self) -> object:
        return self._params.delays

    def described(self) -> Mapping[str, Any]:
        return {f"{kind}_delay_seconds": delay for kind, delay in self._params.delays.items()}

    def dose(self, before: Account, after: Account) -> Mapping[str, float]:
        kinds = self._params.delays
        return {"requests_delayed": sum(after.of(kind).requests - before.of(kind).requests for kind in kinds)}

    def floor(self) -> Mapping[str, float]:
        return {"requests_delayed": self._params.min_delayed, "own_wait_seconds": self._params.min_waited}
