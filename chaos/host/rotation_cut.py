"""Ending a logrotate before its time, so that it tidies up after itself.

Ended in the middle of a compression, its compressor goes first: logrotate then removes the half-made archive and keeps
the whole one. A script of the team's is never ended: what it began is theirs. Standard library only.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

STATE, RUNNING = "state", "running"  # files in the scratch directory: logrotate's own, and its pid
SCRIPT_WITHIN = 20.0  # seconds that a script that runs is waited for
COMPRESSOR_WITHIN = 2.0  # seconds until one that does not end is killed
_SETTLED = 0.5  # seconds without a child: it copies, or waits for a disk
_POLL = 0.05  # logrotate gives no event for what it does


def end(pid: int, grace: float) -> str:
    """Let it end by itself for so many seconds, then end it; says how that went. It leads a session of its own."""
    if gone(pid, grace):
        return "by itself"
    begun = alone = time.monotonic()
    while not gone(pid, _POLL):
        now, below = time.monotonic(), in_session(pid)
        late = now - begun
        for compressor in (each for each in below if is_compressor(each)):
            _signal(compressor, signal.SIGKILL if late > COMPRESSOR_WITHIN else signal.SIGTERM)
        alone = now if below else alone
        if now - alone > _SETTLED or late > SCRIPT_WITHIN:
            _signal(pid, signal.SIGTERM)
    late = time.monotonic() - begun
    return "cut off" + ("; a script of its stanza still runs" if late > SCRIPT_WITHIN else "")


def end_left(scratch: Path) -> str | None:
    """End what is left of a rotation whose supervisor is gone; says how that went, None where nothing was."""
    try:
        pid = int((scratch / RUNNING).read_text())
    except (OSError, ValueError):
        return None
    told = None
    with suppress(OSError):
        if str(scratch / STATE).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            told = end(pid, 0.0)
    for compressor in (each for each in in_session(pid) if is_compressor(each)):
        _signal(compressor, signal.SIGKILL)
        gone(compressor, COMPRESSOR_WITHIN)
    return told


def gone(pid: int, within: float) -> bool:
    """Whether the process has ended, or ends within so many seconds. One of ours that was not reaped has."""
    until = time.monotonic() + within
    while (left := until - time.monotonic()) > 0 and _runs(pid):
        time.sleep(min(_POLL, left))
    return not _runs(pid)


def in_session(leader: int) -> list[int]:
    """The other processes of a session that live."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            state, _, _, session = entry.read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state not in "ZX" and int(entry.parent.name) != leader:
                found.append(int(entry.parent.name))
    return found


def is_compressor(pid: int) -> bool:
    """Whether logrotate started it, or what did, to compress an archive: its environment says which."""
    with suppress(OSError):
        return b"LOGROTATE_COMPRESSED_FILENAME=" in Path(f"/proc/{pid}/environ").read_bytes()
    return False


def _runs(pid: int) -> bool:
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
