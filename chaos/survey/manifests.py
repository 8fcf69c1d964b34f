"""Compose files with ofelia's labels, and Kubernetes CronJobs, from files named by the user."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from chaos.errors import FileError
from chaos.spec import yamltext
from chaos.survey import commands, cron
from chaos.survey.cron import CronError, Daemon
from chaos.survey.entry import Entry, Found, Unread, Uses, When, masked
from chaos.survey.machine import zone_named
from chaos.survey.root import Root

_LABEL = re.compile(r"ofelia\.(job-(?:exec|run|local|service-run))\.([^.]+)\.(schedule|command)")
_PREFIX = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.*)")
_EVERY = re.compile(r"@every\s+\S+")
_UTC = ZoneInfo("UTC")
UTC_TAKEN = "no timeZone: that of the cluster's controller, taken as UTC"


def read(path: Path, root: Root) -> Found:
    """Read one file, whatever it holds."""
    try:
        documents = yamltext.load_all(path)
    except FileError as error:
        where = str(path) if error.line is None else f"{path}:{error.line}"
        return Found(unread=[Unread(where, error.rule)])
    except OSError as error:
        return Found(unread=[Unread(str(path), error.strerror or str(error))])
    found = Found()
    for document in documents:
        _document(path, document, found, root)
    if not found.entries and not found.unread:
        found.unread.append(Unread(str(path), "holds no CronJob and no service with ofelia's labels"))
    return found


def _document(path: Path, document: Any, found: Found, root: Root) -> None:
    if not isinstance(document, Mapping):
        return
    if document.get("kind") == "CronJob":
        _cron_job(path, document, found, root)
    elif isinstance(document.get("items"), list):
        for each in document["items"]:
            _document(path, each, found, root)
    elif isinstance(document.get("services"), Mapping):
        _compose(path, document["services"], found, root)


def _cron_job(path: Path, document: Mapping[str, Any], found: Found, root: Root) -> None:
    about, spec = _mapping(document, "metadata"), _mapping(document, "spec")
    name = _name(about)
    place = f"{path}:{_line(document, 'spec')}"
    schedule, zone, notes = str(spec.get("schedule", "")), spec.get("timeZone"), list[str]()
    if (prefixed := _PREFIX.fullmatch(schedule)) is not None:
        zone, schedule = zone or prefixed[1], prefixed[2]
        notes.append("current Kubernetes refuses TZ= in a schedule: use timeZone")
    if zone is None:
        notes.append(UTC_TAKEN)
    if (policy := spec.get("concurrencyPolicy")) is not None:
        notes.append(f"concurrencyPolicy {policy}")
    command = _containers(spec)
    known = zone_named(str(zone)) if zone is not None else _UTC
    if known is None:
        found.unread.append(Unread(place, f"unknown timeZone {zone!r}"))
        return
    try:
        when = _when(schedule, known)
    except CronError as error:
        found.unread.append(Unread(place, f"CronJob {name}: {error}"))
        return
    found.entries.append(
        Entry(
            kind="cronjob",
            name=name,
            source=place,
            schedule=schedule,
            zone=known.key,
            when=when,
            unknown="" if when else "counts from the start of the controller",
            command=masked(command),
            off="suspended" if spec.get("suspend") is True else "",
            notes=tuple(notes),
            uses=_elsewhere(command, root),
        )
    )


def _when(schedule: str, zone: ZoneInfo) -> When | None:
    """None for `@every`, which counts from the start of what reads it. Raises CronError."""
    return None if _EVERY.fullmatch(schedule) else cron.parse(schedule, zone, Daemon.GO)


def _name(about: Mapping[str, Any]) -> str:
    """`NAMESPACE/NAME`; `NAME*` for a generateName, to which the cluster adds a few letters."""
    generated = f"{about['generateName']}*" if about.get("generateName") else ""
    return "/".join(str(part) for part in (about.get("namespace"), about.get("name") or generated) if part)


def _containers(spec: Mapping[str, Any]) -> str:
    pod = _mapping(_mapping(_mapping(_mapping(spec, "jobTemplate"), "spec"), "template"), "spec")
    listed = [each for key in ("initContainers", "containers") for each in _list(pod, key)]
    containers = [each for each in listed if isinstance(each, Mapping)]
    texts = [f"{_argv(each.get('command'))} {_argv(each.get('args'))}".strip() for each in containers]
    return " ; ".join(filter(None, texts))


def _argv(given: Any) -> str:
    """A command as text; what `sh -c` runs is taken out of its quotes."""
    if isinstance(given, list):
        words = [str(each) for each in given]
        return " ".join(words) if "-c" in words or len(words) == 1 else shlex.join(words)
    return str(given or "")


def _compose(path: Path, services: Mapping[str, Any], found: Found, root: Root) -> None:
    zone_name = _ofelia_zone(services)
    zone = zone_named(zone_name)
    notes = () if zone is not None else (f"ofelia's TZ {zone_name!r} is not known: taken as UTC",)
    for service, about in services.items():
        place = f"{path}:{_line(services, service)}"
        for kind, name, job in _ofelia_jobs(about) if isinstance(about, Mapping) else ():
            shown = f"{service}/{name}"
            try:
                entry = _ofelia(place, shown, job, zone or _UTC, root)
            except CronError as error:
                found.unread.append(Unread(place, f"ofelia {kind} {shown}: {error}"))
            else:
                found.entries.append(replace(entry, notes=notes))


def _ofelia_jobs(about: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Of a service's labels: the kind, the name and the settings of each job."""
    jobs = dict[tuple[str, str], dict[str, str]]()
    for label, value in _pairs(about.get("labels")):
        if (matched := _LABEL.fullmatch(label)) is not None:
            jobs.setdefault((matched[1], matched[2]), {})[matched[3]] = value
    yield from ((kind, name, job) for (kind, name), job in jobs.items())


def _ofelia(place: str, name: str, job: Mapping[str, str], zone: ZoneInfo, root: Root) -> Entry:
    """Raises CronError."""
    schedule, command = job.get("schedule", ""), job.get("command", "")
    seconds_first = len(schedule.split()) == 6
    when = cron.parse_seconds(schedule, zone) if seconds_first else _when(schedule, zone)
    return Entry(
        kind="ofelia",
        name=name,
        source=place,
        schedule=schedule,
        zone=zone.key,
        when=when,
        unknown="" if when else "counts from the start of ofelia",
        command=masked(command),
        uses=_elsewhere(command, root),
    )


def _ofelia_zone(services: Mapping[str, Any]) -> str:
    for about in services.values():
        if isinstance(about, Mapping) and "ofelia" in str(about.get("image", "")):
            return next((value for key, value in _pairs(about.get("environment")) if key == "TZ"), "UTC")
    return "UTC"


def _pairs(given: Any) -> Iterator[tuple[str, str]]:
    """A mapping, or a list of KEY=VALUE."""
    if isinstance(given, Mapping):
        yield from ((str(key), str(value)) for key, value in given.items())
    elif isinstance(given, list):
        for each in given:
            key, _, value = str(each).partition("=")
            yield key, value


def _elsewhere(command: str, root: Root) -> Uses:
    """What a command in a container works on: its paths and its localhost are the container's own."""
    found = commands.uses(command, root)
    database = "" if " localhost:" in found.database else found.database
    return replace(found, disks=frozenset(), paths=(), database=database)


def _mapping(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    found = document.get(key)
    return found if isinstance(found, list) else []


def _line(document: Any, key: Any) -> int:
    try:
        return int(document.lc.key(key)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return 1
