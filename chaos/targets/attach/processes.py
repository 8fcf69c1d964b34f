"""Processes that midnight did not start, found by pid, pid file or name."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from chaos.errors import FileError, UsageError
from chaos.host.described import described
from chaos.host.processes import ref_of
from chaos.plugin.handles import ProcessRef
from chaos.spec.userfile import read_text
from chaos.targets.attach.options import ProcessAt

log = logging.getLogger(__name__)


def find(ats: Sequence[ProcessAt], where: str) -> tuple[ProcessRef, ...]:
    """The processes that exist now, each once. Raises UsageError naming `where` and what was searched for."""
    found = tuple(dict.fromkeys(ref for at in ats for ref in _find(at, where)))
    if log.isEnabledFor(logging.DEBUG):
        for ref in found:
            log.debug("%s: %s", where, described(ref.pid))
    return found


def _find(at: ProcessAt, where: str) -> list[ProcessRef]:
    if at.name is not None:
        return [ref_of(pid) for pid in _named(at.name, where, several=at.several)]
    pid, told = (at.pid, "") if at.pid is not None else (_pid_in(at.pid_file or Path(), where), at.pid_file)
    try:
        return [ref_of(int(pid))]
    except (psutil.NoSuchProcess, OverflowError):
        of = f", which {told} names," if told else ""
        fix = (
            "start the service"
            if told
            else "give its pid_file or name, which survive a restart, or its new PID"
        )
        raise UsageError(f"{where}: process {pid}{of} is not running; {fix}") from None


def _pid_in(file: Path, where: str) -> int:
    try:
        pid = int(read_text(file).split()[0])
    except FileError as error:
        raise UsageError(f"{where}: pid file {file} {error.rule}") from None
    except (ValueError, IndexError):
        raise UsageError(f"{where}: pid file {file} does not begin with a number") from None
    log.debug("%s: pid file %s names %d", where, file, pid)
    return pid


def _named(name: str, where: str, *, several: bool) -> list[int]:
    """The processes of that name without an ancestor of the same name; exactly one unless `several`."""
    parents = {process.pid: process.ppid() for process in psutil.process_iter() if _is_called(process, name)}
    for ours in (os.getpid(), *(parent.pid for parent in psutil.Process().parents())):
        parents.pop(ours, None)
    oldest = sorted(pid for pid in parents if not _has_ancestor_in(pid, parents))
    log.debug("%s: called %s: PIDs %s; oldest of their trees: %s", where, name, sorted(parents), oldest)
    if not oldest:
        raise UsageError(f"{where}: no process named {name!r}")
    if len(oldest) > 1 and not several:
        pids = ", ".join(str(pid) for pid in oldest)
        raise UsageError(
            f"{where}: {len(oldest)} processes named {name!r} ({pids}): give a pid, a pid file or several: true"
        )
    return oldest


def _is_called(process: psutil.Process, name: str) -> bool:
    try:
        words = process.cmdline()
        return name == process.name() or (bool(words) and name == Path(words[0]).name)
    except psutil.Error:
        return False


def _has_ancestor_in(pid: int, parents: dict[int, int]) -> bool:
    try:
        return any(parent.pid in parents for parent in psutil.Process(pid).parents())
    except psutil.Error:
        return False
