"""Ending a logrotate before its time, so that it tidies up after itself.

Ended in the middle of a compression, its compressor goes first: logrotate then removes the half-made archive and keeps
the whole one. A script of the team's is never ended: what it began is theirs. Standard library only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

SCRIPT_WITHIN = 20.0  # seconds that a script that runs is waited for
COMPRESSOR_WITHIN = 2.0  # seconds until one that does not end is killed
_SETTLED = 0.5  # seconds without a child: it copies, or waits for a disk
_POLL = 0.05  # logrotate gives no event for what it does


def end(process: subprocess.Popen[bytes], grace: float) -> str:
    """Let it end by itself for so many seconds, then end it; says how that went."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace)
        return "by itself"
    begun = alone = time.monotonic()
    while process.poll() is None:
        now, below = time.monotonic(), children(process.pid)
        late = now - begun
        if compressors := [pid for pid in below if is_compressor(pid)]:
            for pid in compressors:
                _signal(pid, signal.SIGKILL if late > COMPRESSOR_WITHIN else signal.SIGTERM)
        alone = now if below else alone
        if now - alone > _SETTLED or late > SCRIPT_WITHIN:
            process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_POLL)
    left = "; a script of its stanza still runs" if time.monotonic() - begun > SCRIPT_WITHIN else ""
    return f"cut off after {grace:g} s of grace{left}"


def children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            if int(entry.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.parent.name))
    return found


def is_compressor(pid: int) -> bool:
    """Whether logrotate started it to compress an archive: it tells it which, in its environment."""
    with suppress(OSError):
        return b"LOGROTATE_COMPRESSED_FILENAME=" in Path(f"/proc/{pid}/environ").read_bytes()
    return False


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
