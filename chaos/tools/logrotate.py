"""logrotate: on PATH, or installed with the system's package manager."""

from __future__ import annotations

from pathlib import Path

from chaos.tools import packages
from chaos.tools.command import CommandFailed, version, which
from chaos.tools.part import Found, Missing

NAME = "logrotate"
REQUIRED = True

_PACKAGES = {"*": (NAME,)}


def find() -> Found | Missing:
    program = which(NAME)
    if program is None:
        return Missing(NAME, "it is not on PATH", packages.remedy(NAME, _PACKAGES))
    try:
        return Found(NAME, version(program, r"logrotate (\d[\w.]*)"), str(program), "PATH")
    except CommandFailed as reason:
        return Missing(NAME, str(reason), packages.remedy(NAME, _PACKAGES))


def find_binary() -> Path:
    """The program. Raises ToolMissing."""
    found = find()
    if isinstance(found, Missing):
        raise found.error()
    return Path(found.where)


def get() -> Found:
    found = find()
    if isinstance(found, Missing):
        packages.install(NAME, found.because, _PACKAGES)
        found = find()
    if isinstance(found, Missing):
        raise found.error()
    return found
