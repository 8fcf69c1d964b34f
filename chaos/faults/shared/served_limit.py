"""Lower the bandwidth of a served disk, for everything that uses it.

The dose is how long requests were held back by the limit, by the disk's own account, and how long the target waited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chaos.faults.shared.served_disk import OnDisk
from chaos.host.disk.account import Account
from chaos.host.disk.knobs import Knob
from chaos.host.disk.model import Kind
from chaos.plugin.probe import Probe, no


class ServedLimit(OnDisk):
    """For `disk_limit` with a `volume`; a limit that is lower already stays in force, and the fault has no effect."""

    knob = Knob.LIMIT

    def probes(self) -> Iterator[Probe]:
        yield from super().probes()
        if self._volume.served is not None and (because := self.unproven(self._account())):
            yield no(
                f"the disk of volume {self._params.volume} can be slowed", because, "set `write` to less"
            )

    def unproven(self, before: Account) -> str:
        lower = 0 < before.limit <= self._params.write
        return f"a limit of {before.limit:g} bytes per second was in force already" if lower else ""

    def value(self) -> object:
        return self._params.write

    def described(self) -> Mapping[str, Any]:
        return {"limit_bytes_per_second": self._params.write}

    def dose(self, before: Account, after: Account) -> Mapping[str, float]:
        served = sum(after.of(kind).bytes - before.of(kind).bytes for kind in (Kind.READ, Kind.WRITE))
        return {"bytes_served": served, "held_back_seconds": round(after.held_back - before.held_back, 3)}

    def floor(self) -> Mapping[str, float]:
        least = self._params.min_held_back
        return {"bytes_served": 1, "held_back_seconds": least, "own_wait_seconds": least}
