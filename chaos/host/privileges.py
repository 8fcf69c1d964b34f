"""The current user, the users it can switch to, and what those can access."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from chaos.errors import UsageError

log = logging.getLogger(__name__)

_SERVICE_USERS = ("postgres", "nobody")
_TIMEOUT = 10.0  # seconds, for commands that answer immediately


class Identity(TypedDict, total=False):
    """The arguments of subprocess.Popen that run a child as another user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user of this machine that a child process can run as."""

    name: str
    uid: int
    gid: int
    home: str
    groups: tuple[int, ...] = ()  # supplementary ones; none by default: a child must not keep root's

    def identity(self) -> Identity:
        return Identity(user=self.uid, group=self.gid, extra_groups=list(self.groups))


def identity(user: SystemUser | None) -> Identity:
    """Popen's arguments for running as `user`; empty for None, which means the current user."""
    return user.identity() if user else Identity()


def is_root() -> bool:
    return os.geteuid() == 0


def root_command() -> tuple[str, ...] | None:
    """Prefix to run a command as root: nothing, `sudo -n`, or None if neither works."""
    if is_root():
        return ()
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    try:
        # -n: never prompt for a password, which would hang an unattended run.
        done = subprocess.run([sudo, "-n", "true"], capture_output=True, timeout=_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        log.debug("%s -n true: %s", sudo, error)
        return None
    log.debug("%s -n true: exit code %d", sudo, done.returncode)
    return (sudo, "-n") if done.returncode == 0 else None


def unprivileged_user() -> SystemUser | None:
    """The user for programs that refuse to run as root; None if not root."""
    if not is_root():
        return None
    for name in _SERVICE_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir)
    return None


def can_reach(user: SystemUser | None, path: Path) -> bool:
    """True if `user` (None: the current one) can enter the directory, or execute the file, at `path`.

    Tried as that user, so that parent directories, ACLs and mount options count, too.
    """
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
            **identity(user),
            cwd="/",
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def user_named(name: str) -> SystemUser | None:
    """The user of that name, with all groups, as a login or cron would run a program; None for the current user.

    Raises UsageError: there is no such user, or this one may not switch to it.
    """
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise UsageError(f"this machine has no user {name!r}") from None
    if entry.pw_uid == os.geteuid():
        return None
    if not is_root():
        raise UsageError(f"only root may start it as {name}, and midnight runs as {_own_name()}")
    groups = tuple(os.getgrouplist(name, entry.pw_gid))
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir, groups)


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def give(path: Path, user: SystemUser | None) -> None:
    """Make `user` the owner of `path` itself, not of its contents; a no-op for None."""
    if user is not None:
        os.chown(path, user.uid, user.gid)
