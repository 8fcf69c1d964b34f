"""Measure how long the processes of a container wait for a disk, and what they write to it.

For a sidecar beside the container. Specification: path (a directory on the disk), deadline (seconds). It samples
until its standard input ends. Report: device, written (bytes written by the cgroup to it since), waited (seconds in
which any thread of the container waited for a disk), or `refused`.
"""

from __future__ import annotations

import glob
import json
import os
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from chaos.host import proc, throttle
from chaos.host.disk_writers import stop_at_end_of_input

PERIOD = 0.02  # seconds between samples


def written(device: str) -> int:
    """Bytes the container has written to the device so far. Raises NothingToLimit."""
    file, unified = throttle.file_of()
    name = "io.stat" if unified else "blkio.throttle.io_service_bytes"
    for words in (line.split() for line in file.with_name(name).read_text().splitlines()):
        if not words or words[0] != device:
            continue
        if unified:
            return int(dict(word.partition("=")[::2] for word in words[1:]).get("wbytes", 0))
        if words[1] == "Write":
            return int(words[2])
    return 0


def waits(besides: int) -> bool:
    """True if a thread of a process here waits for a disk; the process `besides` does not count."""
    # not Path.glob: it raises where a process has ended meanwhile
    for place in glob.iglob("/proc/[0-9]*/task/*"):  # noqa: PTH207
        if not place.startswith(f"/proc/{besides}/"):
            with suppress(OSError):
                if proc.stat(place)[proc.STATE] == proc.DISK_WAIT:
                    return True
    return False


def watched(device: str, stop: threading.Event, end: float) -> dict[str, Any]:
    before, waited, last, waited_last = written(device), 0.0, time.monotonic(), False
    while not stop.wait(PERIOD) and last < end:
        now, found = time.monotonic(), waits(os.getpid())
        waited += now - last if found and waited_last else 0.0
        last, waited_last = now, found
    return {"device": device, "written": written(device) - before, "waited": round(waited, 3)}


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    stop = threading.Event()
    try:
        device = throttle.device_of(spec["path"])
        print(json.dumps({"started": device}), flush=True)
        threading.Thread(target=stop_at_end_of_input, args=(stop,), daemon=True).start()
        report = watched(device, stop, time.monotonic() + spec["deadline"])
    except throttle.NothingToLimit as error:
        report = {"refused": str(error)}
    print(json.dumps(report), flush=True)
    os._exit(0)  # a thread still waits on standard input


if __name__ == "__main__":
    main()
