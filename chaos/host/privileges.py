"""Who we are, whom we can become, and what that user can reach."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

log = logging.getLogger(__name__)

_SERVICE_USERS = ("postgres", "nobody")
_TIMEOUT = 10.0  # seconds, for commands that answer at once


class Identity(TypedDict, total=False):
    """The arguments of subprocess.Popen that make a child somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user of this machine that a child of ours can run as."""

    name: str
    uid: int
    gid: int
    home: str

    def identity(self) -> Identity:
        # No supplementary groups: a child must not keep root's.
        return Identity(user=self.uid, group=self.gid, extra_groups=[])


def identity(user: SystemUser | None) -> Identity:
    """Popen's arguments for running as `user`; none of them for None, which means as ourselves."""
    return user.identity() if user else Identity()


def is_root() -> bool:
    return os.geteuid() == 0


def root_command() -> tuple[str, ...] | None:
    """What to put before a command to run it as root: nothing, `sudo -n`, or None where neither works."""
    if is_root():
        return ()
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    try:
        # -n: never ask for a password, which would hang a run that nobody watches.
        done = subprocess.run([sudo, "-n", "true"], capture_output=True, timeout=_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        log.debug("%s -n true: %s", sudo, error)
        return None
    log.debug("%s -n true: exit code %d", sudo, done.returncode)
    return (sudo, "-n") if done.returncode == 0 else None


def unprivileged_user() -> SystemUser | None:
    """The user for programs that refuse to run as root; None when we are not root and need none."""
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
    """Whether `user` (None: ourselves) can enter the directory, or execute the file, at `path`.

    It is tried as that user, so that every directory above, ACLs and mount options count too.
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


def give(path: Path, user: SystemUser | None) -> None:
    """Make `user` the owner of `path` itself, not of what is below it; nothing to do for None."""
    if user is not None:
        os.chown(path, user.uid, user.gid)
