"""End a running logrotate early in a way that lets it tidy up.

During a compression, end its compressor first: logrotate then removes the partial archive and keeps the complete one.
A script of the team's is never ended: its work is theirs.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from chaos.host import proc

STATE, RUNNING = "state", "running"  # files in the scratch directory: logrotate's own, and its pid
SCRIPT_WITHIN = 20.0  # seconds to wait for a running script
COMPRESSOR_WITHIN = 2.0  # seconds until one that does not end is killed
_SETTLED = 0.5  # seconds without a child: it is copying or waiting for a disk
_POLL = 0.05  # logrotate emits no events


def end(pid: int, grace: float) -> str:
    """Let it end by itself for that many seconds, then end it; return how it ended. It leads a session of its own."""
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
    return "cut off" + ("; a script of its stanza is still running" if late > SCRIPT_WITHIN else "")


def end_left(scratch: Path) -> str | None:
    """End what is left of a rotation whose supervisor is gone; return how, None if nothing was left."""
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
    """True if the process has ended or ends within that many seconds. An unreaped child counts as ended."""
    until = time.monotonic() + within
    while (left := until - time.monotonic()) > 0 and _runs(pid):
        time.sleep(min(_POLL, left))
    return not _runs(pid)


def in_session(leader: int) -> list[int]:
    """The other live processes of a session."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields, pid = proc.stat(str(place)), int(place.name)
            if int(fields[proc.SESSION]) == leader and fields[proc.STATE] not in proc.ENDED and pid != leader:
                found.append(pid)
    return found


def is_compressor(pid: int) -> bool:
    """True if it is logrotate's compressor of an archive, or a child of that: by its environment."""
    with suppress(OSError):
        return b"LOGROTATE_COMPRESSED_FILENAME=" in Path(f"/proc/{pid}/environ").read_bytes()
    return False


def _runs(pid: int) -> bool:
    with suppress(OSError):
        return proc.stat(f"/proc/{pid}")[proc.STATE] not in proc.ENDED
    return False


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
