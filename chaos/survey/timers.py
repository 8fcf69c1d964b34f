"""systemd's timers, from the unit files alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chaos.survey import calendar, commands
from chaos.survey.calendar import CalendarError
from chaos.survey.entry import Entry, Found, Unread, masked
from chaos.survey.machine import Machine
from chaos.survey.units import Unit, enabled, load, seconds
from chaos.survey.units import timers as names_of

_MONOTONIC = ("OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec")
_ACCURACY = "1min"  # systemd's default


def read(machine: Machine) -> Found:
    """Read every timer: one entry for each OnCalendar=, one for those that count from an event."""
    found, wanted = Found(), enabled(machine.root)
    for name in names_of(machine.root):
        unit = load(machine.root, name)
        if unit is None:
            found.unread.append(Unread(name, "is enabled, but its unit file is missing"))
            continue
        found.unread += [Unread(path, reason) for path, reason in unit.unread]
        if not unit.values and unit.unread:
            continue
        off = _off(machine, unit, name in wanted)
        for entry in _entries(machine, unit, off, found):
            found.entries.append(entry)
    return found


def _off(machine: Machine, unit: Unit, wanted: bool) -> str:
    if unit.path == "/dev/null":
        return "masked"
    if not machine.systemd:
        return "systemd does not run here"
    return "" if wanted else "not enabled"


def _entries(machine: Machine, unit: Unit, off: str, found: Found) -> list[Entry]:
    service = unit.last("Timer", "Unit", f"{unit.name.removesuffix('.timer')}.service")
    command, user, settings = _command(machine, service)
    base: dict[str, Any] = {
        "kind": "timer",
        "name": unit.name,
        "command": masked(command),
        "user": user,
        "off": off,
        "unit": service,
        "uses": commands.uses(command, machine.root, settings),
    }
    events = unit.all("Timer", "OnCalendar")
    place = unit.places.get(("Timer", "OnCalendar"), unit.path)
    try:
        spread, notes = _spread(unit), _notes(unit)
    except ValueError as error:
        found.unread.append(Unread(unit.path, str(error)))
        return []
    entries = []
    for event in events:
        try:
            when = calendar.spread_over(calendar.parse(event, machine.zone), spread)
        except CalendarError as error:
            found.unread.append(Unread(place, f"OnCalendar={event}: {error}"))
            continue
        entries.append(
            Entry(**base, source=place, schedule=event, zone=when.zone.key, when=when, notes=notes)
        )
    counted = [f"{key}={value}" for key in _MONOTONIC for value in unit.all("Timer", key)]
    if counted or not (events or off == "masked"):
        reason = "counts from an event, not by the clock" if counted else "the timer has no time"
        source, schedule = unit.path, " ".join(counted)
        entries.append(Entry(**base, source=source, schedule=schedule, zone=machine.zone.key, unknown=reason))
    if off == "masked":
        entries.append(Entry(**base, source=unit.path, schedule="", zone=machine.zone.key))
    return entries


def _spread(unit: Unit) -> timedelta:
    """How late the timer may be. Raises ValueError."""
    accuracy = seconds(unit.last("Timer", "AccuracySec", _ACCURACY))
    random = seconds(unit.last("Timer", "RandomizedDelaySec", "0"))
    return timedelta(seconds=accuracy + random)


def _notes(unit: Unit) -> tuple[str, ...]:
    if unit.last("Timer", "Persistent").lower() in ("1", "yes", "true", "on", "y", "t"):
        return ("a run that was missed is made up for after a boot",)
    return ()


def _command(machine: Machine, service: str) -> tuple[str, str, dict[str, str]]:
    """The commands, the user and the variables of a service, instances filled in; nothing if it is not there."""
    unit = load(machine.root, service)
    if unit is None:
        return "", "", {}
    instance = service.rpartition(".")[0].partition("@")[2]
    lines = [line.lstrip("@-:+!") for line in unit.all("Service", "ExecStart")]
    named = [line.replace("%i", instance).replace("%I", instance) for line in lines]
    return " ; ".join(named), unit.last("Service", "User", "root"), _settings(unit)


def _settings(unit: Unit) -> dict[str, str]:
    pairs = [word for value in unit.all("Service", "Environment") for word in value.replace('"', "").split()]
    return {name: value for name, sign, value in (word.partition("=") for word in pairs) if sign}
