"""The process of a service: found by its port, and how to find it again after a restart."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from chaos.errors import MidnightError, UsageError
from chaos.first_target.draft import Item
from chaos.imports import writing
from chaos.spec.userfile import read_text
from chaos.targets.attach import processes
from chaos.targets.attach.options import ProcessAt

_PID_FILES = ("/run", "/var/run", "/tmp")  # looked into, never written
_LARGEST = 100  # bytes of a pid file


def of_pid(pid: int) -> psutil.Process:
    """Raises UsageError."""
    try:
        return psutil.Process(pid)
    except (psutil.Error, OverflowError):
        raise UsageError(f"process {pid} is not running") from None


def listening_at(port: int) -> psutil.Process | None:
    """The process that listens on a port of this machine: of a server with workers, the oldest."""
    with suppress(psutil.Error):
        for each in psutil.net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN and each.pid and port_of(each.laddr) == port:
                return _oldest(psutil.Process(each.pid), port)
    return None


def _oldest(process: psutil.Process, port: int) -> psutil.Process:
    while (parent := process.parent()) is not None and port in ports(parent):
        process = parent
    return process


def ports(process: psutil.Process) -> list[int]:
    """The ports on which it listens itself."""
    try:
        found = process.net_connections("tcp")
    except psutil.Error:
        return []
    return sorted({port_of(each.laddr) for each in found if each.status == psutil.CONN_LISTEN})


def port_of(address: object) -> int:
    """The port of an address as psutil gives it; 0 if there is none."""
    return int(getattr(address, "port", 0))


def tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return [process]


def listeners() -> list[tuple[psutil.Process, int]]:
    """The processes of this user that listen, each with its first port, the oldest of each server only."""
    found: dict[int, tuple[psutil.Process, int]] = {}
    with suppress(psutil.Error):
        for each in psutil.net_connections("tcp"):
            if each.status != psutil.CONN_LISTEN or not each.pid or each.pid == os.getpid():
                continue
            with suppress(psutil.Error):
                port = port_of(each.laddr)
                process = _oldest(psutil.Process(each.pid), port)
                if process.uids().real == os.getuid():
                    found.setdefault(process.pid, (process, port))
    return sorted(found.values(), key=lambda each: each[1])


def named(process: psutil.Process) -> str:
    """What it is called; never its command line, which may hold a secret."""
    try:
        return process.name()
    except psutil.Error:
        return "process"


def lasting(process: psutil.Process, pid_file: str | None = None) -> Iterator[Item]:
    """How a run finds it: the way that outlives restarts, if there is one."""
    file = pid_file or _pid_file(process)
    name = named(process)
    if file is not None:
        line = f"api: {{pid_file: {writing.value(file)}}}"
        yield Item(f"{file} holds the PID of the process that listens ({process.pid}).", (line,))
    elif _is_only_one(process, name):
        yield Item(
            f"The only process called {name} (now {process.pid}).", (f"api: {{name: {writing.value(name)}}}",)
        )
    else:
        yield Item(
            f"{name}, process {process.pid}: the PID changes with each restart. There is no pid file, and other"
            f" processes are called {name}, too: have the service write a pid file, and give pid_file: PATH.",
            (f"api: {{pid: {process.pid}}}",),
        )


def _is_only_one(process: psutil.Process, name: str) -> bool:
    try:
        found = processes.find((ProcessAt(name=name),), "name")
    except (UsageError, ValueError):
        return False
    return [ref.pid for ref in found] == [process.pid]


def _pid_file(process: psutil.Process) -> str | None:
    """A pid file that names it, where they usually are, or in its working directory."""
    places = [*map(Path, _PID_FILES), *(path for path in Path("/run").glob("*") if path.is_dir())]
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        places.append(Path(runtime))
    with suppress(psutil.Error):
        places.append(Path(process.cwd()))
    for place in places:
        with suppress(OSError):
            for file in sorted(place.glob("*.pid")):
                if holds(file, process.pid):
                    return str(file)
    return None


def holds(file: Path, pid: int) -> bool:
    """Whether a pid file names this process."""
    try:
        if not file.is_file() or file.stat().st_size > _LARGEST:
            return False
        return read_text(file).split()[:1] == [str(pid)]
    except (OSError, MidnightError):
        return False
