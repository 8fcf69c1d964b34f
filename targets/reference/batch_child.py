"""A child of the batch job: burns CPU, or fills memory. Run as `python -m reference.batch_child KIND ...`.

It limits itself before it works, and ends with its parent, at its deadline, or when its work is done.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import os
import resource
import signal
import sys
import time

from .batch_isolation import isolate

MEGABYTE = 1 << 20
CACHE_STEP_MB = 16
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Do the requested kind of work; print MemoryError and exit with 1 if it exceeds the limit."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback when the whole job is ended
    asked = _arguments()
    end_at_deadline(asked.deadline)
    _die_with_parent(asked.parent)
    isolate(asked.scheduling)
    if asked.memory_limit_mb is not None:
        limit = asked.memory_limit_mb * MEGABYTE
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    if asked.kind == "burn":
        print(json.dumps({"cpu_seconds": burn(asked.amount)}), flush=True)
        return
    try:
        cache = fill(int(asked.amount))
    except MemoryError:
        print(json.dumps({"because": f"MemoryError: {int(asked.amount)} MB of cache requested"}), flush=True)
        sys.exit(1)
    print(json.dumps({"held_mb": len(cache) * CACHE_STEP_MB}), flush=True)
    signal.pause()


def end_at_deadline(seconds: float) -> None:
    """Let the kernel end this process after `seconds`, whatever it is doing."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)


def burn(cpu_seconds: float) -> float:
    """Compute digests until this process has used that much CPU; return the CPU seconds used."""
    block = bytes(64 * 1024)
    while (used := time.process_time()) < cpu_seconds:
        for _ in range(50):
            block = hashlib.sha256(block).digest() * 2048
    return used


def fill(megabytes: int) -> list[bytearray]:
    """Allocate and touch that much memory in steps, like a growing cache."""
    cache = []
    for _ in range(0, megabytes, CACHE_STEP_MB):
        step = bytearray(CACHE_STEP_MB * MEGABYTE)
        step[:: resource.getpagesize()] = b"\1" * len(range(0, len(step), resource.getpagesize()))
        cache.append(step)
    return cache


def _die_with_parent(parent: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["burn", "cache"])
    parser.add_argument("--amount", type=float, required=True, help="CPU seconds, or megabytes")
    parser.add_argument("--deadline", type=float, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--scheduling", choices=["normal", "idle"], required=True)
    parser.add_argument("--memory-limit-mb", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    main()
