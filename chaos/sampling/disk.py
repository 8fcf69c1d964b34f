"""A served disk, from its own account of what it served."""

from __future__ import annotations

import time
from pathlib import Path

from chaos.host.disk import account
from chaos.host.disk.account import Account
from chaos.host.disk.layout import account_in
from chaos.host.disk.model import Kind
from chaos.record.gauges import Source, Volume
from chaos.sampling.source import Gauges


class DiskSource:
    """Gauges of the volumes that share one disk; they are the same for all of them."""

    def __init__(self, names: list[str], served: Path) -> None:
        self._names, self._account = names, account_in(served)
        self._last: Account | None = None

    def read(self) -> Gauges:
        try:
            seen = account.read(self._account)
        except OSError:  # the disk is gone
            return {}
        gauges = self._since(self._last, seen) if self._last is not None else {}
        self._last = seen
        return {(Source.VOLUME.of(name), key): value for name in self._names for key, value in gauges.items()}

    def close(self) -> None:
        pass

    def _since(self, last: Account, seen: Account) -> dict[str, float]:
        elapsed = seen.at - last.at
        if elapsed <= 0:  # the server is busy or dead: what waits, waits longer
            waiting = time.monotonic() - seen.oldest if seen.oldest else 0.0
            return {Volume.QUEUED: seen.queued, Volume.REQUEST_WAIT: waiting}
        served = [(last.of(kind), seen.of(kind)) for kind in Kind]
        answered = sum(after.requests - before.requests for before, after in served)
        waited = sum(after.wait - before.wait for before, after in served)
        oldest = seen.at - seen.oldest if seen.oldest else 0.0
        return {
            Volume.WRITE_BPS: (seen.write.bytes - last.write.bytes) / elapsed,
            Volume.READ_BPS: (seen.read.bytes - last.read.bytes) / elapsed,
            Volume.LIMIT: seen.limit,
            Volume.QUEUED: seen.queued,
            Volume.REQUEST_WAIT: max(waited / answered if answered else 0.0, oldest),
            Volume.ERRORS: sum(after.errors for _, after in served),
        }
