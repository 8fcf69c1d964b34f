"""logrotate on the logs of a container, and writers that keep its disk busy, within the container's limits.

A program for `chaos.host.worker`. Specification: stanza, scratch (a directory to make), files, idle, writers, block
(bytes), deadline (seconds). It ends when its standard input ends. Report: rotated_bytes, code (None: still running),
seconds, output, charged_to, and what `chaos.host.disk_writers` reports as `writers`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos.host import cgroup_join, disk_writers


class Rotation:
    """One rotation and its writers."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec, self._scratch = spec, Path(spec["scratch"])
        self._sizes = {name: Path(name).stat().st_size for name in spec["files"] if Path(name).exists()}
        self._stop, self._times = threading.Event(), list[float]()
        self._took: float | None = None

    def begin(self) -> dict[str, int]:
        """Start the writers and logrotate; the sizes of the logs before."""
        spec = self._spec
        self._scratch.mkdir(mode=0o700)
        conf = self._scratch / "logrotate.conf"
        conf.write_text(spec["stanza"])
        conf.chmod(0o600)
        block, end = os.urandom(spec["block"]), time.monotonic() + spec["deadline"]
        self._threads = [
            threading.Thread(
                target=disk_writers.write_and_sync,
                args=(self._scratch / f"writer-{n}", block, self._stop, end, self._times),
            )
            for n in range(spec["writers"])
        ]
        for thread in self._threads:
            thread.start()
        self._begun = time.monotonic()
        idle = [sys.executable, "-P", "-m", "chaos.host.idle_exec"] if spec["idle"] else []
        self._process = subprocess.Popen(
            [*idle, "logrotate", "--force", "--state", str(self._scratch / "state"), str(conf)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._output = b""
        self._waiter = threading.Thread(target=self._wait)
        self._waiter.start()
        return self._sizes

    def end(self) -> dict[str, Any]:
        """Stop what is still running, and clear away; the report."""
        self._stop.set()
        code = self._process.poll()
        if code is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        for thread in (*self._threads, self._waiter):
            thread.join()
        shutil.rmtree(self._scratch)
        return {
            "rotated_bytes": sum(size for name, size in self._sizes.items() if _shorter(Path(name), size)),
            "code": code,
            "seconds": round(self._took or 0.0, 2),
            "output": self._output.decode(errors="replace").strip()[-500:],
            "writers": disk_writers.report(self._times, self._spec["block"]),
        }

    def _wait(self) -> None:
        self._output = self._process.communicate()[0]
        self._took = time.monotonic() - self._begun


def _shorter(file: Path, size: int) -> bool:
    return not file.exists() or file.stat().st_size < size


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    charged = cgroup_join.join()
    rotation = Rotation(spec)
    print(json.dumps({"started": rotation.begin(), "charged_to": charged}), flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.stdin.close())
    sys.stdin.read()
    print(json.dumps({**rotation.end(), "charged_to": charged}), flush=True)


if __name__ == "__main__":
    main()
