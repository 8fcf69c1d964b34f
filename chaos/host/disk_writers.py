"""Writers that repeatedly write and sync a block, to keep a disk busy and measure its latency.

A program for `chaos.host.worker`. Specification: directory, writers, block (bytes), deadline (seconds). Each
writer rewrites a file of at most 16 blocks. Report: bytes, syncs, sync_median, sync_p99, sync_max (seconds).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from statistics import median, quantiles
from typing import Any

BLOCKS = 16
ALONE = 0.3  # seconds


def write_and_sync(path: Path, block: bytes, stop: threading.Event, end: float, times: list[float]) -> None:
    """Write until `stop` or `end`; append every sync's seconds to `times`. Leaves no file behind."""
    try:
        with path.open("wb", buffering=0) as file:
            n = 0
            while not stop.is_set() and time.monotonic() < end:
                file.seek((n % BLOCKS) * len(block))
                begun = time.monotonic()
                file.write(block)
                os.fdatasync(file.fileno())
                times.append(time.monotonic() - begun)
                n += 1
    finally:
        with suppress(OSError):
            path.unlink()


def alone(path: Path, block: bytes) -> float:
    """Return the median seconds of a sync by one writer for `ALONE` seconds, before there are others. Leaves no file
    behind."""
    times: list[float] = []
    write_and_sync(path, block, threading.Event(), time.monotonic() + ALONE, times)
    return median(times)


def stop_at_end_of_input(stop: threading.Event) -> None:
    sys.stdin.read()
    stop.set()


def report(times: list[float], block: int) -> dict[str, float]:
    """Statistics of the seconds that each sync of a `block` took."""
    cuts = quantiles(times, n=100) if len(times) > 1 else [*times, 0.0][:1] * 99
    return {
        "bytes": block * len(times),
        "syncs": len(times),
        "sync_median": round(cuts[49], 4),
        "sync_p99": round(cuts[98], 4),
        "sync_max": round(max(times, default=0.0), 4),
    }


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    stop, times = threading.Event(), list[float]()
    block, end = os.urandom(spec["block"]), time.monotonic() + spec["deadline"]
    threads = [
        threading.Thread(
            target=write_and_sync,
            args=(Path(spec["directory"]) / f"writer-{n}", block, stop, end, times),
            daemon=True,
        )
        for n in range(spec["writers"])
    ]
    for thread in threads:
        thread.start()
    print(json.dumps({"started": len(threads)}), flush=True)
    threading.Thread(target=stop_at_end_of_input, args=(stop,), daemon=True).start()
    for thread in threads:
        thread.join()
    print(json.dumps(report(times, len(block))), flush=True)
    os._exit(0)  # a reader thread still waits on standard input


if __name__ == "__main__":
    main()
