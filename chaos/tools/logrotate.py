"""logrotate: on PATH, or installed with the system's package manager."""

from __future__ import annotations

from pathlib import Path

from chaos.errors import ToolMissing
from chaos.host.privileges import root_command
from chaos.tools.command import CommandFailed, output, version, which
from chaos.tools.part import Found, Missing

NAME = "logrotate"
REQUIRED = True

_INSTALL_TIMEOUT = 600.0
# The first one present is the system's package manager.
_MANAGERS: dict[str, tuple[tuple[str, ...], ...]] = {
    # A fresh image has no package lists, so fetch them first.
    "apt-get": (("apt-get", "update"), ("apt-get", "install", "-y", "--no-install-recommends", NAME)),
    "dnf": (("dnf", "install", "-y", NAME),),
    "yum": (("yum", "install", "-y", NAME),),
    "apk": (("apk", "add", "--no-cache", NAME),),
    "zypper": (("zypper", "--non-interactive", "install", NAME),),
    "pacman": (("pacman", "-S", "--noconfirm", NAME),),
}


def find() -> Found | Missing:
    program = which(NAME)
    if program is None:
        return Missing(NAME, "it is not on PATH", _remedy(_manager()))
    try:
        return Found(NAME, version(program, r"logrotate (\d[\w.]*)"), str(program), "PATH")
    except CommandFailed as reason:
        return Missing(NAME, str(reason), _remedy(_manager()))


def find_binary() -> Path:
    """The program. Raises ToolMissing."""
    found = find()
    if isinstance(found, Missing):
        raise found.error()
    return Path(found.where)


def get() -> Found:
    found = find()
    if isinstance(found, Found):
        return found
    manager = _manager()
    as_root = root_command()
    if manager is None or as_root is None:
        why = "installing it needs root" if manager else "no supported package manager found"
        raise ToolMissing(NAME, f"{found.because}, and {why}", found.remedy)
    try:
        for command in _MANAGERS[manager]:
            # `env`, because sudo passes no environment on.
            argv = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", *command]
            output(argv, timeout=_INSTALL_TIMEOUT)
    except CommandFailed as failure:
        raise ToolMissing(NAME, f"{manager}: {failure}", found.remedy) from failure
    found = find()
    if isinstance(found, Missing):
        raise found.error()
    return found


def _manager() -> str | None:
    return next((name for name in _MANAGERS if which(name)), None)


def _remedy(manager: str | None) -> str:
    if manager is None:
        return "install logrotate with your system's package manager"
    return "type: sudo " + " ".join(_MANAGERS[manager][-1])
