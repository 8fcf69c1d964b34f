"""The time to make a little data durable on a volume: the same wait as for a commit or a log line.

A device's own counters do not show it if the kernel throttles writes before they reach the device.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from chaos.record.gauges import Source, Volume
from chaos.sampling.source import Gauges

PAUSE = 0.25  # seconds between two probes
BLOCK = bytes(4096)
CLOSING_WITHIN = 15.0  # seconds for the sync in progress: a throttled volume may take long


class VolumeSource:
    """Writes and syncs one block repeatedly, in an unnamed file, so that nothing can be left behind.

    A sync in progress counts with the time taken so far.
    """

    def __init__(self, name: str, path: Path) -> None:
        self._key = (Source.VOLUME.of(name), Volume.SYNC_WAIT)
        self._path = path
        self._stop = threading.Event()
        self._last = 0.0
        self._begun: float | None = None
        self._thread = threading.Thread(target=self._probe, daemon=True)
        self._thread.start()

    def read(self) -> Gauges:
        begun = self._begun
        so_far = time.monotonic() - begun if begun is not None else 0.0
        return {self._key: max(self._last, so_far)} if self._thread.is_alive() else {}

    def close(self) -> None:
        self._stop.set()
        self._thread.join(CLOSING_WITHIN)

    def _probe(self) -> None:
        try:
            file = os.open(self._path, os.O_TMPFILE | os.O_WRONLY, 0o600)
        except OSError:  # not writable for this user, or a file system without O_TMPFILE
            return
        try:
            while not self._stop.wait(PAUSE):
                begun = self._begun = time.monotonic()
                os.pwrite(file, BLOCK, 0)
                os.fdatasync(file)
                self._last, self._begun = time.monotonic() - begun, None
        except OSError:  # the volume is full or gone: one gauge fewer, nothing worse
            pass
        finally:
            os.close(file)
