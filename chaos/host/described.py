"""Describe a process in one log line: its user, its unit, and where it listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_UNITS = (".service", ".scope", ".socket")


def described(pid: int) -> str:
    """Only what this user may see; never the command line or the environment, which may hold secrets."""
    try:
        process = psutil.Process(pid)
        parts = [f"PID {pid} ({process.name()})"]
    except psutil.Error:
        return f"PID {pid} (ended)"
    with suppress(psutil.Error):
        parts.append(f"user {process.username()}, parent {process.ppid()}")
    parts.append(f"unit {unit_of(pid) or 'none'}")
    try:
        parts.append(f"listens on {', '.join(_listening(process)) or 'no TCP port'}")
        parts.append(f"{_unix_sockets(process)} Unix sockets")
    except psutil.Error as error:
        parts.append(f"sockets unseen ({type(error).__name__})")
    return ", ".join(parts)


def unit_of(pid: int) -> str | None:
    """The innermost systemd unit that the process is in."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    parts = [part for line in lines for part in line.rpartition(":")[2].split("/")]
    return next((part for part in reversed(parts) if part.endswith(_UNITS)), None)


def _listening(process: psutil.Process) -> Iterator[str]:
    for each in process.net_connections(kind="tcp"):
        if each.status == psutil.CONN_LISTEN:
            yield f"{each.laddr.ip}:{each.laddr.port}"


def _unix_sockets(process: psutil.Process) -> int:
    return len(process.net_connections(kind="unix"))
