"""The descriptors of one process, from /proc/PID/fd: nothing is opened and no file system is touched, so a stalled disk
or a dead mount cannot block the reading."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from chaos.host import proc
from chaos.record import secret_forms

FILE, DELETED, SOCKET, PIPE, EPOLL, OTHER = "file", "deleted", "socket", "pipe", "epoll", "other"
KINDS = (FILE, DELETED, SOCKET, PIPE, EPOLL, OTHER)
_GONE = " (deleted)"
_PREFIXES = (("socket:[", SOCKET), ("pipe:[", PIPE), ("anon_inode:", EPOLL))
_MEMORY = ("/memfd:", "/SYSV", "/dev/zero (deleted)", "/[aio]", "/anon_hugepage")
"""How the kernel names memory that has a descriptor but no file."""


class Gone(Exception):
    """The process has ended."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        super().__init__(f"process {pid} has ended")


class Unseen(Exception):
    """The kernel does not show this to midnight; the text says why and what is needed."""


def kind_of(link: str) -> str:
    """The kind of what a descriptor's link names. A file is anything with a path: directories and devices too."""
    for prefix, kind in _PREFIXES:
        if link.startswith(prefix):
            return kind
    if not link.startswith("/") or link.startswith(_MEMORY):
        return OTHER
    return DELETED if link.endswith(_GONE) else FILE


def links(pid: int) -> dict[int, str]:
    """What each descriptor leads to: a path, `socket:[INODE]`, ... Raises Gone, Unseen."""
    found = {}
    with reading(pid):
        place = os.open(f"/proc/{pid}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in os.listdir(place):
                with suppress(FileNotFoundError):  # closed meanwhile
                    found[int(name)] = os.readlink(name, dir_fd=place)
        finally:
            os.close(place)
        if not found and _has_ended(pid):
            raise Gone(pid)
    return found


def inodes(pid: int) -> dict[int, int]:
    """Its sockets: descriptor by inode. Raises Gone, Unseen."""
    return {inode_of(link): fd for fd, link in links(pid).items() if kind_of(link) == SOCKET}


def inode_of(link: str) -> int:
    """The inode in `socket:[INODE]`."""
    return int(link.partition("[")[2].rstrip("]"))


def text_of(place: str) -> str:
    """A whole file of /proc. Raises OSError."""
    with open(place, encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123  read often
        return file.read()


def command_of(pid: int) -> str:
    """Its command line, without what looks like a secret. Raises Gone, Unseen."""
    with reading(pid):
        words = text_of(f"/proc/{pid}/cmdline").rstrip("\0").split("\0")
        return secret_forms.mask(" ".join(words)) or text_of(f"/proc/{pid}/comm").strip()


@contextmanager
def reading(pid: int) -> Iterator[None]:
    """Turn the errors of reading /proc/PID into Gone and Unseen."""
    try:
        yield
    except PermissionError as error:
        raise Unseen(_forbidden(pid)) from error
    except FileNotFoundError as error:
        if _exists(pid):
            raise Unseen(f"/proc does not show process {pid} (hidepid): run midnight as root") from error
        raise Gone(pid) from error
    except ProcessLookupError as error:
        if _exists(pid):
            raise Unseen(f"process {pid} is a thread of the kernel: it holds nothing of its own") from error
        raise Gone(pid) from error


def _forbidden(pid: int) -> str:
    try:
        owner = os.stat(f"/proc/{pid}").st_uid
    except OSError:
        raise Gone(pid) from None
    if os.geteuid() == 0:
        return f"the kernel hides process {pid} from root here: root lacks CAP_SYS_PTRACE, or owns only a container"
    return f"process {pid} belongs to user {owner} or is protected: run midnight as that user or as root"


def _exists(pid: int) -> bool:
    """False for a zombie, too: all it held is given back."""
    try:
        os.kill(pid, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _has_ended(pid)


def _has_ended(pid: int) -> bool:
    """A zombie, or gone. Raises Unseen if only its first thread has ended: /proc/PID/fd is then empty."""
    try:
        fields = proc.stat(f"/proc/{pid}")
    except OSError:
        return True
    if fields[proc.STATE] in proc.ENDED and int(fields[proc.THREADS]) > 1:
        raise Unseen(f"the first thread of process {pid} has ended: /proc shows no descriptors of the others")
    return fields[proc.STATE] in proc.ENDED
