"""Become a confined command: a network with only its own loopback, and a file tree with only the system's programs
and the given paths.

A standalone program, run as root or as a user who may create user namespaces; it imports nothing of chaos. Every
descendant inherits the confinement. Its mounts go away with the last of them.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_NEWNS, _NEWUSER, _NEWNET = 0x00020000, 0x10000000, 0x40000000
_BIND, _REC, _PRIVATE, _DETACH = 4096, 16384, 1 << 18, 2
_NO_NEW_PRIVS = 38
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1
_SYSTEM = ("/bin", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/usr", "/proc")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}

_libc = ctypes.CDLL(None, use_errno=True)


def _must(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: Path, kind: str = "", flags: int = 0, data: str = "") -> None:
    given = (source.encode(), bytes(target), kind.encode(), ctypes.c_ulong(flags), data.encode())
    _must(_libc.mount(*given), f"mount {source} on {target}")


def _unshare() -> None:
    user, group = os.geteuid(), os.getegid()
    own = 0 if user == 0 else _NEWUSER  # other users can do what root can, in a user namespace
    _must(_libc.unshare(_NEWNS | _NEWNET | own), "unshare")
    if own:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = b"lo".ljust(16, b"\0")
        asked = struct.pack("16sH14x", name, 0)
        (flags,) = struct.unpack("16xH14x", fcntl.ioctl(control, _GET_FLAGS, asked))
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sH14x", name, flags | _UP))


def _show(path: Path, root: Path) -> None:
    """Bind `path` at the same place in the tree below `root`."""
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and str(path) in _SYSTEM:
        target.symlink_to(path.readlink())
        return
    if path.is_dir():
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    # Mounts below a path are included, except this tree itself.
    below = 0 if root.is_relative_to(path) else _REC
    _mount(str(path), target, flags=_BIND | below)


def _tree(root: Path, visible: list[Path]) -> None:
    _mount("none", Path("/"), flags=_REC | _PRIVATE)
    _mount("tmpfs", root, "tmpfs", data="mode=755")
    shown: list[Path] = []
    _show_all(map(Path, _SYSTEM), root, shown)
    _devices(root)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(stat.S_ISVTX | 0o777)
    _show_all(sorted(visible), root, shown)


def _show_all(paths: Iterable[Path], root: Path, shown: list[Path]) -> None:
    for path in paths:
        if path.exists() and not any(path.is_relative_to(one) for one in shown):
            _show(path, root)
            shown.append(path)


def _devices(root: Path) -> None:
    devices = root / "dev"
    devices.mkdir()
    for name in _DEVICES:
        if Path("/dev", name).exists():
            _show(Path("/dev", name), root)
    for name, target in _LINKS.items():
        (devices / name).symlink_to(target)
    (devices / "shm").mkdir()
    _mount("tmpfs", devices / "shm", "tmpfs", data="mode=1777")


def _enter(root: Path) -> None:
    os.chdir(root)
    _must(_libc.pivot_root(b".", b"."), "pivot_root")
    _must(_libc.umount2(b".", _DETACH), "umount")
    os.chdir("/")


def main() -> None:
    """Never returns: executes the command, or prints the reason and exits with 125."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--visible", type=Path, action="append", default=[])
    parser.add_argument("--as", dest="ids", type=int, nargs=2)
    parser.add_argument("--cwd", type=Path, default=Path("/"))
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args()
    try:
        _unshare()
        _loopback_up()
        _tree(asked.root, asked.visible)
        _enter(asked.root)
        os.chdir(asked.cwd)
        if asked.ids:
            user, group = asked.ids
            os.setgroups([])
            os.setresgid(group, group, group)
            os.setresuid(user, user, user)
        _must(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
        os.execv(asked.command[0], asked.command)
    except OSError as error:
        print(f"cannot be confined: {error}", file=sys.stderr)
        sys.exit(125)


if __name__ == "__main__":
    main()
