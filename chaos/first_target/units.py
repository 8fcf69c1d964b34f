"""A systemd unit: its pid file, its process, and the variables that it gives it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from chaos.errors import UsageError
from chaos.survey import units
from chaos.survey.root import Root
from chaos.survey.units import Unit

_CGROUPS = Path("/sys/fs/cgroup/system.slice")
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.S)


@dataclass(frozen=True, slots=True)
class UnitFound:
    name: str  # without .service
    path: str
    program: str  # the name of what ExecStart starts
    pid_file: str | None
    process: psutil.Process | None  # None: not running
    environment: dict[str, str] = field(repr=False)
    unread: tuple[str, ...] = ()  # files of variables that may not be read


def find(given: str) -> UnitFound:
    """A unit by name, or by the path of its file. Raises UsageError."""
    unit = _of_file(Path(given)) if "/" in given else _named(given)
    start = unit.last("Service", "ExecStart")
    if not start:
        raise UsageError(f"{unit.path}: no ExecStart in a section [Service]")
    pid_file = unit.last("Service", "PIDFile").replace("%t", "/run") or None
    unread = list[str]()
    environment = {**_assigned(unit.all("Service", "Environment")), **_of_files(unit, unread)}
    name = unit.name.removesuffix(".service")
    words = start.lstrip("-@:+!").split()
    return UnitFound(
        name,
        unit.path,
        Path(words[0]).name if words else name,
        pid_file if pid_file and "%" not in pid_file else None,
        _process(unit.name, pid_file),
        environment,
        tuple(unread),
    )


def _named(given: str) -> Unit:
    name = given if given.endswith(".service") else f"{given}.service"
    found = units.load(Root(Path("/")), name)
    if found is None or found.path == "/dev/null":
        raise UsageError(f"no unit {name}: `systemctl list-units --type=service` lists them")
    return found


def _of_file(path: Path) -> Unit:
    unit = Unit(path.name, str(path))
    try:
        unit.take(str(path), path.read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    return unit


def _assigned(lines: list[str]) -> dict[str, str]:
    """The variables of `Environment=` lines: several in one line, each may be quoted."""
    found = dict[str, str]()
    for line in lines:
        with suppress(ValueError):
            for word in shlex.split(line):
                if matched := _ASSIGNED.fullmatch(word):
                    found[matched[1]] = matched[2]
    return found


def _of_files(unit: Unit, unread: list[str]) -> dict[str, str]:
    found = dict[str, str]()
    for given in unit.all("Service", "EnvironmentFile"):
        path = Path(given.removeprefix("-"))
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            unread.append(f"{path}: {error.strerror or 'cannot be read'}")
            continue
        for line in text.splitlines():
            if matched := _ASSIGNED.fullmatch(line.strip()):
                found[matched[1]] = matched[2].strip().strip("\"'")
    return found


def _process(name: str, pid_file: str | None) -> psutil.Process | None:
    for pid in (*_pid_in(pid_file), *_in_cgroup(name)):
        with suppress(psutil.Error):
            return psutil.Process(pid)
    return None


def _pid_in(pid_file: str | None) -> Iterator[int]:
    if pid_file is not None:
        with suppress(OSError, ValueError, IndexError):
            yield int(Path(pid_file).read_text(encoding="utf-8").split()[0])


def _in_cgroup(name: str) -> Iterator[int]:
    with suppress(OSError, ValueError):
        yield from sorted(int(each) for each in (_CGROUPS / name / "cgroup.procs").read_text().split())
