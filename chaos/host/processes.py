"""Processes: started with a mark, found by it again, and reliably stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TypeAlias

import psutil

from chaos.errors import UndoError
from chaos.host import cgroup
from chaos.host.privileges import SystemUser, identity
from chaos.plugin.handles import ProcessRef

MARK = "MIDNIGHT_MARK"
Stream: TypeAlias = int | IO[bytes] | None

# psutil adds the boot time, in whole seconds, to the ticks since boot: a slewed clock moves it by one.
_CLOCK_SLACK = 1.5
_POLL = 0.02  # seconds between checks of what has not ended yet
_KILL_PATIENCE = 10.0  # seconds a killed process may take to end: it may hang in a slow disk's write
_spawned: weakref.WeakValueDictionary[int, subprocess.Popen[bytes]] = weakref.WeakValueDictionary()


def ref_of(pid: int) -> ProcessRef:
    """The process that has `pid` now. Raises psutil.NoSuchProcess."""
    return ProcessRef(pid, psutil.Process(pid).create_time())


def ref_to_json(ref: ProcessRef) -> dict[str, int | float]:
    return {"pid": ref.pid, "create_time": ref.create_time}


def ref_from_json(record: Mapping[str, int | float]) -> ProcessRef:
    return ProcessRef(int(record["pid"]), float(record["create_time"]))


def process_of(ref: ProcessRef) -> psutil.Process | None:
    """The live process of `ref`; None if it has ended (a zombie counts as ended) or its pid was reused."""
    try:
        process = psutil.Process(ref.pid)
        same = abs(process.create_time() - ref.create_time) <= _CLOCK_SLACK
        return process if same and not _ended(process) else None
    except psutil.NoSuchProcess:
        return None


def alive(ref: ProcessRef) -> bool:
    return process_of(ref) is not None


def spawn(
    argv: Sequence[str | Path],
    *,
    mark: str,
    env: Mapping[str, str] | None = None,
    user: SystemUser | None = None,
    cwd: Path | None = None,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = None,
    stderr: Stream = None,
    new_session: bool = True,
    pass_fds: Sequence[int] = (),
    settled: bool = True,
) -> subprocess.Popen[bytes]:
    """Start a child that carries `mark`, as `user` (None: the current one), in a session of its own.

    `env` is the whole environment (None: inherited); the mark is added, and LC_ALL=C.UTF-8 and TZ=UTC unless
    `settled` is false: a program of the team's own keeps its locale and its time zone.
    Raises OSError if it cannot be executed.
    """
    surroundings = dict(os.environ if env is None else env)
    if user is not None:
        surroundings |= {"HOME": user.home, "USER": user.name, "LOGNAME": user.name}
    surroundings |= {MARK: mark, **({"LC_ALL": "C.UTF-8", "TZ": "UTC"} if settled else {})}
    child = subprocess.Popen(
        [str(argument) for argument in argv],
        env=surroundings,
        cwd=cwd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=new_session,
        close_fds=True,
        pass_fds=pass_fds,
        **identity(user),
    )
    _spawned[child.pid] = child
    cgroup.join(mark, child.pid)
    return child


def marked(mark: str) -> list[psutil.Process]:
    """The live processes that carry `mark`, or a mark below it (`mark/...`), oldest first.

    Processes whose environment is unreadable belong to others and are skipped.
    """
    found = []
    for pid in psutil.pids():
        try:
            process = psutil.Process(pid)
            created = process.create_time()
            theirs = mark_of(pid)
            ours = theirs is not None and (theirs == mark or theirs.startswith(f"{mark}/"))
            if ours and not _ended(process):
                found.append((created, pid, process))
        except psutil.Error:
            continue
    return [process for _, _, process in sorted(found, key=lambda entry: entry[:2])]


def mark_of(pid: int) -> str | None:
    """The mark the process was started with; None if it has none, is gone, is a zombie, or is unreadable."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    prefix = f"{MARK}=".encode()
    for entry in environment.split(b"\0"):
        if entry.startswith(prefix):
            return os.fsdecode(entry[len(prefix) :])
    return None


def stop_marked(mark: str, *, grace: float) -> list[ProcessRef]:
    """End every process that carries `mark` and all descendants; return the marked ones that were stopped.

    SIGTERM to those that carry it; after `grace` seconds SIGKILL to the rest, including descendants (a PostgreSQL
    backend overwrites its environment, so only its parent identifies it). This process and its ancestors are never
    touched. Raises UndoError, naming them, if any is left at the end.
    """
    stopped: dict[int, ProcessRef] = {}
    deadline = time.monotonic() + grace + _KILL_PATIENCE
    while targets := marked_by_others(mark):
        family = family_of(targets)
        stopped |= {process.pid: ProcessRef(process.pid, process.create_time()) for process in targets}
        _signal(targets, lambda process: process.terminate())
        left = wait(family, grace)
        _signal(left, lambda process: process.kill())
        left = wait(left, max(deadline - time.monotonic(), _POLL))
        if left or time.monotonic() > deadline:
            _refuse(mark, left or marked(mark))
        grace = 0.0  # processes forked meanwhile get no grace of their own
    return list(stopped.values())


def marked_by_others(mark: str) -> list[psutil.Process]:
    """Those that carry the mark, except this process and its ancestors."""
    return _not_ours(marked(mark))


def send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Raises UndoError without permission to end the process."""
    _signal(processes, lambda process: process.send_signal(number))


def stop_child(child: subprocess.Popen[bytes], *, grace: float) -> int:
    """SIGTERM, after `grace` seconds SIGKILL, and reap; return the return code."""
    child.terminate()
    try:
        return child.wait(grace)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def end_group(child: subprocess.Popen[bytes], grace: float) -> None:
    """End a child process, its group's leader, with everything it started, and reap it: gracefully, by force after
    `grace` seconds. A no-op if it has ended. Its remaining output is read and discarded.
    """
    if child.poll() is not None:
        return
    if child.stdin is not None:
        with suppress(OSError):
            child.stdin.close()
    os.killpg(child.pid, signal.SIGTERM)
    try:
        _outlive(child, grace)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        _outlive(child, None)


def _outlive(child: subprocess.Popen[bytes], seconds: float | None) -> None:
    # A process that writes into an unread pipe would never end gracefully.
    if child.stdout is not None:
        child.communicate(timeout=seconds)
    else:
        child.wait(seconds)


def _ended(process: psutil.Process) -> bool:
    # Only a Popen's owner may reap its child: another waitpid would lose the return code.
    child = _spawned.get(process.pid)
    if child is not None and child.returncode is None and child.poll() is not None:
        return True
    try:
        return not process.is_running() or process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return True


def _not_ours(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    ourselves = psutil.Process()
    spared = {ourselves.pid, *(parent.pid for parent in ourselves.parents())}
    return [process for process in processes if process.pid not in spared]


def family_of(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """The processes and their descendants."""
    family: dict[int, psutil.Process] = {}
    for process in processes:
        family[process.pid] = process
        try:
            below = process.children(recursive=True)
        except psutil.Error:
            continue
        family |= {child.pid: child for child in below}
    return _not_ours(family.values())


def _signal(processes: Iterable[psutil.Process], send: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        try:
            send(process)
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied as error:
            raise UndoError(
                f"process {process.pid} cannot be stopped by this user: {error}; as its owner: kill {process.pid}"
            ) from error


def wait(processes: Iterable[psutil.Process], patience: float) -> list[psutil.Process]:
    """Those that have not ended after that many seconds."""
    deadline = time.monotonic() + patience
    while left := [process for process in processes if not _ended(process)]:
        if time.monotonic() >= deadline:
            break
        time.sleep(_POLL)
    return left


def _refuse(mark: str, left: Iterable[psutil.Process]) -> None:
    pids = " ".join(str(process.pid) for process in left)
    raise UndoError(f"processes marked {mark!r} are still running; by hand: kill -9 {pids}")
