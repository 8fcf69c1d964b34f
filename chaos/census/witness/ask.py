"""Ask the witness in a process for a census."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.errors import NoVerdict, UsageError
from chaos.host import proc
from chaos.plugin import registry
from chaos.spec.target import Target

DIRECTORY = "MIDNIGHT_WITNESS_DIR"
SIGNAL = 41  # as the site folder's: a number, since libraries disagree about SIGRTMIN
_POLL = 0.02  # seconds between looks for the answer
_AGAIN = 2.0
"""Seconds until an unanswered signal is sent again to a main thread that has not worked since. Python handles one that
comes just before a call blocks only after that call; the next one interrupts it."""


class NotListening(UsageError):
    """No witness listens in this process: the signal would kill it, and was not sent."""


class NoAnswer(NoVerdict):
    """The witness was asked, and no census came; `reason` says why."""

    def __init__(self, pid: int, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the witness in process {pid} gave no answer: {reason}")


def folder() -> Path:
    """The folder that a target gets first on its PYTHONPATH."""
    return Path(__file__).parent / "site"


def allowed(target: Target) -> str:
    """Why the target's processes may not be asked; empty if they may. What midnight starts itself needs no consent."""
    if not registry.driver(target.driver).needs_consent:
        return ""
    add = (
        f"target {target.name!r} does not allow the witness; add to its file: consent: {{..., witness: true}}"
    )
    if target.consent is None or not target.consent.witness:
        return add
    if target.consent.until < datetime.now(UTC).date():
        return f"the consent of {target.consent.owner} expired on {target.consent.until}"
    return ""


def listens(pid: int) -> bool:
    """A witness listens: the process was given a directory, and catches the signal. False if it cannot be seen."""
    try:
        return directory_of(pid) is not None and _catches(pid)
    except OSError:
        return False


def directory_of(pid: int) -> Path | None:
    """Where the process was told to write, as its own file system names it. Raises OSError if it cannot be seen."""
    prefix = f"{DIRECTORY}=".encode()
    for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
        if entry.startswith(prefix) and len(entry) > len(prefix):
            return Path(os.fsdecode(entry.removeprefix(prefix)))
    return None


def ask(pid: int, within: float = 10.0, directory: Path | None = None) -> dict[str, Any]:
    """The census of a process, taken after this call began. `directory`: that of its answers as seen from here; None:
    through /proc/PID/root, so a container's, too. Several callers wait for each other.

    Raises NotListening, NoAnswer.
    """
    try:
        process = os.pidfd_open(pid)  # else the signal might reach a successor of that number
    except OSError as error:
        raise NotListening(f"process {pid}: {error.strerror}") from None
    try:
        with _alone(_seen(pid, directory)) as place:
            return _asked(pid, process, place, within)
    finally:
        os.close(process)


def _seen(pid: int, directory: Path | None) -> Path:
    try:
        own = directory_of(pid)
    except OSError as error:
        raise NotListening(f"process {pid} cannot be seen: {error.strerror}") from None
    if own is None:
        raise NotListening(f"process {pid} has no {DIRECTORY}; type: midnight target witness")
    return directory or Path(f"/proc/{pid}/root") / str(own).lstrip("/")


@contextmanager
def _alone(place: Path) -> Iterator[Path]:
    try:
        number = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise NotListening(f"the witness's directory {place} cannot be read: {error.strerror}") from None
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield place
    finally:
        os.close(number)


def _asked(pid: int, process: int, place: Path, within: float) -> dict[str, Any]:
    inside = _inside(pid)
    for stale in place.glob(f"{inside}-*.json"):
        stale.unlink(missing_ok=True)
    sent = time.monotonic()
    _send(pid, process)
    ended = select.poll()
    ended.register(process, select.POLLIN)
    again, worked = sent + _AGAIN, _worked(pid)
    while (now := time.monotonic()) < sent + within:
        if now >= again:
            before, worked, again = worked, _worked(pid), now + _AGAIN
            if worked == before:  # else it may be taking the census
                _send(pid, process)
        gone = bool(ended.poll(_POLL * 1000))
        if (found := _read(place, inside, sent)) is not None:
            if "error" in found:
                raise NoAnswer(pid, f"the census failed: {found['error']}")
            return found
        if gone:
            raise NoAnswer(pid, "the process ended")
    raise NoAnswer(
        pid, f"not within {within:g} s: its main thread is in a long call, or cannot write to {place}"
    )


def _worked(pid: int) -> int:
    """Ticks for which its main thread has had a CPU; 0 if it has ended."""
    try:
        found = proc.stat(f"/proc/{pid}/task/{pid}")
    except OSError:
        return 0
    return int(found[proc.USER_TIME]) + int(found[proc.SYSTEM_TIME])


def _send(pid: int, process: int) -> None:
    """Raises NotListening if the signal would kill the process."""
    try:
        if not _catches(pid):
            raise NotListening(f"no witness listens in process {pid}")
        signal.pidfd_send_signal(process, SIGNAL)
    except OSError as error:
        raise NotListening(f"process {pid} cannot be asked: {error.strerror}") from None


def _catches(pid: int) -> bool:
    return bool(int(_status(pid, "SigCgt"), 16) >> (SIGNAL - 1) & 1)


def _inside(pid: int) -> str:
    """Its number in its own namespace, which is the one it knows."""
    try:
        return _status(pid, "NSpid").split()[-1]
    except OSError as error:
        raise NotListening(f"process {pid}: {error.strerror}") from None


def _status(pid: int, key: str) -> str:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return value.strip()
    return "0"


def _read(place: Path, inside: str, sent: float) -> dict[str, Any] | None:
    """The answer, which is removed; one to an earlier question is removed, too."""
    for path in sorted(place.glob(f"{inside}-*.json")):
        with suppress(
            OSError, ValueError, TypeError, KeyError
        ):  # just replaced by a newer one, or not an answer
            document: dict[str, Any] = json.loads(path.read_bytes())
            path.unlink()
            if document["began"] >= sent:
                return document
    return None
