"""From what was named (a URL, a PID, a Compose project, a unit, or nothing) to a draft of its target file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from chaos.access import allowlist
from chaos.errors import UsageError
from chaos.first_target import (
    held_logs,
    nightly,
    process,
    project,
    service,
    sqlite_files,
    stores,
    units,
    variables,
)
from chaos.first_target.asking import Asking, address
from chaos.first_target.draft import Draft, Item
from chaos.first_target.units import UnitFound
from chaos.imports import names, writing

COMPOSE, UNIT = "compose:", "unit:"


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is described, whichever way it was named."""

    base_url: str
    path: str = "/"
    process: psutil.Process | None = None
    unit: UnitFound | None = None


def draft(given: str | None, name: str | None) -> Draft:
    """Look at what is named, or at the only process of this user that listens. Raises UsageError."""
    if given is not None and given.startswith(COMPOSE):
        return project.describe(given.removeprefix(COMPOSE), name)
    subject = _subject(given)
    found = Draft(name or _name(subject), "attach")
    with Asking(subject.base_url) as asking:
        answers = service.describe(found, asking, subject.path)
    if not answers and subject.process is None and subject.unit is None:
        raise UsageError(
            f"nothing answers at {subject.base_url}, and no process listens there: start the service, or name a PID, "
            "compose:PROJECT or unit:NAME"
        )
    _process(found, subject)
    environment, whose = _environment(subject)
    files = sqlite_files.found(environment, subject.process)
    stores.describe(found, list(variables.addresses(environment)), subject.process, whose, files)
    if subject.process is not None:
        found.option("logs", *held_logs.describe(subject.process))
    found.option("jobs", *nightly.describe())
    return found


def _subject(given: str | None) -> _Subject:
    if given is None:
        return _only_one()
    if given.startswith(UNIT) or given.endswith(".service"):
        return _of_unit(units.find(given.removeprefix(UNIT)))
    if given.isdigit():
        return _of_process(process.of_pid(int(given)))
    base_url, path = address(given)
    return _Subject(base_url, path, process.listening_at(allowlist.port_of(base_url)))


def _only_one() -> _Subject:
    """The only process of this user that listens. Raises UsageError, naming all of them."""
    there = [each for each in process.listeners() if each[1] not in variables.DEFAULT_PORTS.values()]
    if len(there) == 1:
        return _of_process(there[0][0])
    told = "; ".join(
        f"http://127.0.0.1:{port} ({process.named(each)}, PID {each.pid})" for each, port in there[:8]
    )
    raise UsageError(
        "say what to look at: a URL, a PID, compose:PROJECT or unit:NAME; "
        + (f"listening: {told}" if told else "no process of yours listens")
    )


def _of_process(found: psutil.Process) -> _Subject:
    """Raises UsageError if neither it nor a child listens."""
    for each in process.tree(found):
        for port in process.ports(each):
            return _Subject(f"http://127.0.0.1:{port}", process=found)
    raise UsageError(
        f"process {found.pid} ({process.named(found)}) listens on no TCP port: name the URL instead"
    )


def _of_unit(unit: UnitFound) -> _Subject:
    if unit.process is not None:
        with suppress(UsageError):
            return _Subject(_of_process(unit.process).base_url, process=unit.process, unit=unit)
    return _Subject(writing.UNKNOWN, process=unit.process, unit=unit)


def _name(subject: _Subject) -> str:
    if subject.unit is not None:
        return names.of_text(subject.unit.name, "target")
    if subject.process is not None:
        with suppress(psutil.Error):
            place = Path(subject.process.cwd()).name
            called = subject.process.name()
            generic = called.startswith(("python", "node", "java", "ruby", "uvicorn", "gunicorn"))
            return names.of_text(place if generic and place else called, "target")
    return names.of_text(f"service-{urlsplit(subject.base_url).port or 80}", "target")


def _process(found: Draft, subject: _Subject) -> None:
    unit = subject.unit
    if unit is not None:
        found.seen.append(f"unit {unit.name}, {unit.path}, starts {unit.program}")
        for each in unit.unread:
            found.seen.append(f"its variables in {each}")
    if subject.process is not None:
        pid_file = unit.pid_file if unit is not None else None
        found.seen.append(f"process {subject.process.pid}, {process.named(subject.process)}")
        found.option("processes", *process.lasting(subject.process, pid_file))
        return
    why = (
        "The unit is not running"
        if unit
        else "The process that listens cannot be seen by this user (as root, it can)"
    )
    line = (
        f"api: {{pid_file: {writing.value(unit.pid_file)}}}"
        if unit and unit.pid_file
        else "api: {name: NAME}"
    )
    found.option(
        "processes", Item(f"{why}. How a run finds it, by pid_file, name or pid:", (line,), on=False)
    )


def _environment(subject: _Subject) -> tuple[Mapping[str, str], str]:
    """The variables in which addresses are looked for, and whose they are."""
    if subject.process is not None:
        read = variables.of_process(subject.process)
        if read is not None:
            return read, f"the environment of process {subject.process.pid}"
    if subject.unit is not None:
        return subject.unit.environment, f"unit {subject.unit.name}"
    mine = {
        each.variable: each.value
        for each in variables.addresses(os.environ)
        if each.kind in ("postgresql", "mysql", "redis", "mongodb")
    }
    return mine, "your environment"
