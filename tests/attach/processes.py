"""What everybody on this machine can see of a process: its command line."""

from __future__ import annotations

from pathlib import Path


def arguments() -> bytes:
    """What stands on the command line of every process."""
    found = b""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += file.read_bytes()
        except OSError:  # it has ended meanwhile
            continue
    return found
