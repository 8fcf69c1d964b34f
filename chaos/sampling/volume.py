"""The time to make a little data durable on a volume: the same wait as for a commit or a log line.

A device's own counters do not show it if the kernel throttles writes before they reach the device.
"""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from chaos.host import sync_probe
from chaos.host.worker import python_module
from chaos.record.gauges import Source, Volume
from chaos.sampling.source import Gauges

CLOSING_WITHIN = 15.0  # seconds for the sync in progress: a throttled volume may take long


class VolumeSource:
    """Writes and syncs one block repeatedly, in a process of its own. A sync in progress counts with the time taken
    so far.
    """

    def __init__(self, names: list[str], path: Path, *, ours: bool = True) -> None:
        """`names`: of the volumes at this path. `ours`: the directory is midnight's own, not a team's."""
        self._keys = [(Source.VOLUME.of(name), Volume.SYNC_WAIT) for name in names]
        self._last = 0.0
        self._begun: float | None = None
        self._probe = subprocess.Popen(
            [*python_module(sync_probe.__name__), str(path), *([sync_probe.NAMED] if ours else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C must not end it
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def read(self) -> Gauges:
        begun = self._begun
        so_far = time.monotonic() - begun if begun is not None else 0.0
        wait = max(self._last, so_far)
        return {key: wait for key in self._keys} if self._thread.is_alive() else {}

    def close(self) -> None:
        assert self._probe.stdin is not None
        self._probe.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._probe.wait(CLOSING_WITHIN)
        self._probe.kill()  # if it waits in the kernel, it ends with what it waits for

    def _listen(self) -> None:
        assert self._probe.stdout is not None
        with self._probe.stdout:
            for line in self._probe.stdout:
                if (took := float(line)) == sync_probe.BEGUN:
                    self._begun = time.monotonic()
                else:
                    self._last, self._begun = took, None
