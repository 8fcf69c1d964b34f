"""Stall a disk: it answers nothing until the hold ends. The dose is the time it stood still and the target waited.

The stall is a lease: if midnight dies, the disk answers again after LEASE seconds by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from chaos.faults.shared.served_disk import OnDisk, OnDiskParams, beats
from chaos.host.disk.account import Account
from chaos.host.disk.knobs import Knob
from chaos.spec.units import NotNegative

LEASE = 30.0  # seconds
RENEWED_EVERY = 10.0  # seconds


class DiskStallParams(OnDiskParams):
    min_waited: NotNegative = 0.2  # the floor: seconds that the target's own threads waited for the disk


class DiskStall(OnDisk):
    Params = DiskStallParams
    knob = Knob.STALL

    def value(self) -> object:
        return {"until": time.monotonic() + LEASE}

    def wait(self, seconds: float, stop: threading.Event) -> None:
        for _ in beats(seconds, RENEWED_EVERY, stop):
            self._turn(self.value())

    def described(self) -> Mapping[str, Any]:
        return {"lease_seconds": LEASE}

    def dose(self, before: Account, after: Account) -> Mapping[str, float]:
        return {"stalled_seconds": round(after.stalled - before.stalled, 3)}

    def floor(self) -> Mapping[str, float]:
        waited = self._params.min_waited
        return {"stalled_seconds": waited, "own_wait_seconds": waited}
