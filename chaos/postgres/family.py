"""The processes of one server: the postmaster and its children, even orphaned ones."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

_POLL = 0.02


def members(data: Path) -> list[psutil.Process]:
    """The live server processes working in `data`, oldest first.

    A backend overwrites its environment, and an orphan has lost its parent, so neither mark nor parent identifies it;
    but no server process ever leaves its data directory.
    """
    here = str(data.resolve())
    found = []
    for pid in psutil.pids():
        try:
            # The link alone, because it rules out nearly all of them and is the cheapest check.
            if str(Path(f"/proc/{pid}/cwd").readlink()) == here:
                process = psutil.Process(pid)
                if process.name() == "postgres" and not _ended(process):
                    found.append(process)
        except (OSError, psutil.Error):
            continue
    return sorted(found, key=lambda process: (process.create_time(), process.pid))


def tablespaces() -> set[Path]:
    """Tablespace directories of the servers running on this machine, as far as permissions allow."""
    found: set[Path] = set()
    for process in psutil.process_iter():
        try:
            if process.name() == "postgres":
                links = Path(f"/proc/{process.pid}/cwd/pg_tblspc").iterdir()
                found |= {link.resolve() for link in links if link.is_symlink()}
        except (OSError, psutil.Error):
            continue
    return found


def send(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def stopped(process: psutil.Process) -> bool:
    """True if the process is stopped."""
    try:
        return bool(process.status() == psutil.STATUS_STOPPED)
    except psutil.NoSuchProcess:
        return False


def wait(
    processes: Sequence[psutil.Process], patience: float, lives: Callable[[psutil.Process], bool]
) -> list[psutil.Process]:
    """Those for which `lives` is still true after `patience` seconds."""
    deadline = time.monotonic() + patience
    while left := [process for process in processes if lives(process)]:
        if time.monotonic() >= deadline:
            break
        time.sleep(_POLL)
    return left


def lives(process: psutil.Process) -> bool:
    """True if it runs; a zombie does not."""
    try:
        return process.is_running() and not _ended(process)
    except psutil.NoSuchProcess:
        return False


def _ended(process: psutil.Process) -> bool:
    return bool(process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD))
