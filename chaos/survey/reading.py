"""Everything that one survey reads, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from chaos.survey import (
    anacron,
    certificates,
    collisions,
    commands,
    crontabs,
    databases,
    durations,
    jobstores,
    manifests,
    night,
    rotations,
    timers,
)
from chaos.survey.certificates import Certificate
from chaos.survey.collisions import Collision
from chaos.survey.entry import Entry, Found, Unread
from chaos.survey.machine import Machine
from chaos.survey.night import ClockChange, Night, Planned
from chaos.survey.rotations import Rotations

SOON = timedelta(days=30)  # a certificate that expires within it is shown


@dataclass(frozen=True, slots=True)
class Sources:
    """What is read beside the machine's own files."""

    manifests: Sequence[Path] = ()
    job_stores: Sequence[str] = ()
    dsn: str | None = None
    journal: Path | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """A night as planned. Everything that has a time is in `planned`, all of it in `entries`."""

    night: Night
    entries: Sequence[Entry]
    planned: Sequence[Planned]
    collisions: Sequence[Collision]
    changes: Sequence[ClockChange]
    rotations: Rotations
    expiring: Sequence[Certificate]
    certificates: int
    max_connections: dict[str, int]
    unread: Sequence[Unread]


def survey(machine: Machine, when: Night, sources: Sources) -> Survey:
    """Read everything. What cannot be read is in `unread`; nothing raises."""
    root, found = machine.root, Found()
    for part in (crontabs.read(machine), anacron.read(machine), timers.read(machine), jobstores.beat(root)):
        found.add(part)
    for path in sources.manifests:
        found.add(manifests.read(path, root))
    for url in sources.job_stores:
        found.add(jobstores.read(url))
    if machine.zone_is_taken:
        found.unread.append(
            Unread("/etc/localtime", "names no time zone, nor does /etc/timezone: taken as UTC")
        )
    limits = _databases(machine, sources, found)
    rotated = rotations.read(root, when.middle)
    entries = [_rotating(each, rotated) for each in _timed(machine, sources, found)]
    planned = night.plan(entries, when)
    held = certificates.find(root)
    zones = [when.zone.key, *(each.zone for each in entries if not each.off)]
    return Survey(
        night=when,
        entries=entries,
        planned=planned,
        collisions=collisions.find(planned, limits),
        changes=night.clock_changes(zones, when),
        rotations=rotated,
        expiring=certificates.expiring(held.read, when.until + SOON),
        certificates=len(held.read),
        max_connections=limits,
        unread=list(dict.fromkeys([*found.unread, *rotated.unread, *held.unread])),
    )


def _databases(machine: Machine, sources: Sources, found: Found) -> dict[str, int]:
    known = [databases.from_files(machine.root)]
    if sources.dsn is not None:
        known.append(databases.from_server(sources.dsn))
    limits = dict[str, int]()
    for each in known:
        found.add(each.found)
        limits |= each.max_connections
    return limits


def _timed(machine: Machine, sources: Sources, found: Found) -> list[Entry]:
    """The entries with the durations that the journal holds: this machine's only for itself."""
    if sources.journal is not None:
        known = durations.from_file(sources.journal)
    elif machine.root.live:
        known = durations.from_machine()
    else:
        return found.entries
    found.unread += known.unread
    return known.applied(found.entries)


def _rotating(entry: Entry, rotated: Rotations) -> Entry:
    """logrotate works on the disks of the logs that may be due."""
    if entry.uses.role != commands.ROTATION:
        return entry
    disks = frozenset[int]().union(*(each.disks for each in rotated.logs if each.due is not False))
    return replace(entry, uses=replace(entry.uses, disks=entry.uses.disks | disks))
