"""Crontabs: /etc/crontab, /etc/cron.d and those of users, with the scripts that run-parts starts for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

from chaos.survey import commands, cron
from chaos.survey.cron import CronError, Daemon
from chaos.survey.entry import Entry, Found, Unread, masked
from chaos.survey.machine import Machine, zone_named
from chaos.survey.root import CannotRead

DIRECTORIES = ("/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly")
SPOOLS = ("/var/spool/cron", "/var/spool/cron/crontabs", "/var/spool/cron/tabs")  # most; Debian; SUSE
_SETTING = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|(\w+))\s*=\s*(.*)""")
RUN_PARTS = re.compile(r"\brun-parts\b[^;|&]*?\s(/etc/cron\.[\w.-]+)")
_NAMES = re.compile(r"[A-Za-z0-9_-]+")  # of run-parts and of Debian's cron.d
_LEFTOVER = re.compile(r".*(~|\.rpm(save|orig|new)|\.dpkg-\w+|\.swp|,v)|\.\#.*|\..*")
_ONLY_WITHOUT_SYSTEMD = re.compile(r"(?:test|\[) -[ed] /run/systemd/system(?: \])? \|\|")
_ONLY_WITHOUT_ANACRON = re.compile(r"(?:test|\[) -x /usr/sbin/anacron(?: \])? \|\|")
_ENDS_UNDER_SYSTEMD = re.compile(r"-[ed] /run/systemd/system[^\n]*\n?[^\n]*\bexit 0")


@dataclass(slots=True)
class _Table:
    """One crontab: its settings so far, and what it gave."""

    machine: Machine
    path: str
    user: str  # empty: each line names its own
    found: Found = field(default_factory=Found)
    settings: dict[str, str] = field(default_factory=dict)


def read(machine: Machine) -> Found:
    """Read every crontab, and the scripts of run-parts."""
    found, root = Found(), machine.root
    if root.exists("/etc/crontab"):
        found.add(table(machine, "/etc/crontab"))
    for path in _files(machine, "/etc/cron.d", found):
        found.add(table(machine, path))
    for spool in SPOOLS:
        for path in _files(machine, spool, found):
            if not root.is_directory(path):
                found.add(table(machine, path, user=path.rpartition("/")[2]))
        if any(each.place == spool for each in found.unread):
            break  # nor can what is below it
    _scripts(machine, found)
    return found


def _names(machine: Machine, directory: str, found: Found) -> Iterator[str]:
    """What is in a directory, without leftovers of editors and packages; one that cannot be read is reported."""
    try:
        names = machine.root.names(directory)
    except CannotRead as error:
        if not error.missing:
            found.unread.append(Unread(directory, str(error)))
        return
    yield from (name for name in names if not _LEFTOVER.fullmatch(name))


def _files(machine: Machine, directory: str, found: Found) -> Iterator[str]:
    for name in _names(machine, directory, found):
        if directory == "/etc/cron.d" and machine.debian and not _NAMES.fullmatch(name):
            found.unread.append(
                Unread(f"{directory}/{name}", "Debian's cron ignores a name with this character")
            )
            continue
        yield f"{directory}/{name}"


def table(machine: Machine, path: str, user: str = "") -> Found:
    """Read one crontab. `user`: its owner; without one, each line names a user."""
    try:
        text = machine.root.text(path)
    except CannotRead as error:
        return Found(unread=[Unread(path, str(error))])
    now = _Table(machine, path, user)
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if (setting := _SETTING.fullmatch(line)) is not None:
            name = next(part for part in setting.groups()[:3] if part is not None)
            now.settings[name] = setting[4].strip().strip("\"'")
        elif number == len(lines):
            now.found.unread.append(Unread(f"{path}:{number}", "cron ignores a last line without a newline"))
        else:
            _line(now, number, stripped)
    return now.found


def _line(now: _Table, number: int, line: str) -> None:
    place, options = f"{now.path}:{number}", line
    words = options.removeprefix("-").split(None, 1 if line.lstrip("-").startswith("@") else 5)
    count = 1 if words[0].startswith("@") else 5
    if len(words) <= count:
        now.found.unread.append(Unread(place, "is neither a setting nor a time with a command"))
        return
    schedule, command, user = " ".join(words[:count]), words[count], now.user
    if not user:
        user, _, command = command.partition(" ")[0], "", command.partition(" ")[2].strip()
        if "\t" in user:
            user, _, command = words[count].partition("\t")
    if not command.strip():
        now.found.unread.append(
            Unread(place, "has no command after the user" if not now.user else "has no command")
        )
        return
    zone, notes = _zone(now)
    try:
        now.found.entries.append(_entry(now, place, schedule, command.strip(), user, zone, notes))
    except CronError as error:
        now.found.unread.append(Unread(place, str(error)))


def _entry(
    now: _Table, place: str, schedule: str, command: str, user: str, zone: ZoneInfo, notes: tuple[str, ...]
) -> Entry:
    shell, _, _ = re.sub(r"\\%", "\0", command).partition("%")  # the rest is its standard input
    shell = shell.replace("\0", "%").strip()
    daemon = Daemon.CRON_TZ if "CRON_TZ" in now.settings and not now.machine.debian else Daemon.CRON
    reboot = schedule == "@reboot"
    return Entry(
        kind="cron",
        name=_named(shell),
        source=place,
        schedule=schedule,
        zone=zone.key,
        when=None if reboot else cron.parse(schedule, zone, daemon),
        unknown="at every boot" if reboot else "",
        command=masked(shell),
        user=user,
        off=_off(shell, now.machine),
        notes=notes,
        uses=commands.uses(shell, now.machine.root, now.settings),
    )


def _named(command: str) -> str:
    """A short name: the first program that is not only a condition."""
    rest = re.sub(r"^(?:\[[^]]*\]|test\s[^&|;]*)\s*(?:&&|\|\||;)\s*", "", command)
    words = [word for word in re.split(r"[\s;|&(){}]+", rest) if word and "=" not in word and word != "cd"]
    return (
        words[0].rpartition("/")[2]
        if words and words[0] != "/"
        else " ".join(words[1:2]) or masked(command)[:20]
    )


def _zone(now: _Table) -> tuple[ZoneInfo, tuple[str, ...]]:
    """The zone of the lines below the settings so far, with what a reader might take it for."""
    machine, named, notes = now.machine, now.settings.get("CRON_TZ", ""), list[str]()
    if "TZ" in now.settings:
        notes.append(f"TZ={now.settings['TZ']} is only for the command, not for its time")
    if not named:
        return machine.zone, tuple(notes)
    if machine.debian:
        return machine.zone, (*notes, f"Debian's cron ignores CRON_TZ={named}")
    if (zone := zone_named(named)) is None:
        return ZoneInfo("UTC"), (*notes, f"CRON_TZ={named} is not a time zone: taken as UTC")
    return zone, tuple(notes)


def _off(command: str, machine: Machine) -> str:
    if machine.systemd and _ONLY_WITHOUT_SYSTEMD.search(command):
        return "only where systemd does not run"
    if machine.anacron and _ONLY_WITHOUT_ANACRON.search(command):
        return "left to anacron"
    return ""


def _scripts(machine: Machine, found: Found) -> None:
    """Put the scripts of a directory in the place of each crontab line that runs it."""
    for directory in DIRECTORIES:
        starters = [each for each in found.entries if directory in RUN_PARTS.findall(each.command)]
        starters = [each for each in starters if not each.off]
        by_anacron = machine.anacron and directory != "/etc/cron.hourly"
        scripts = [script_entry(machine, path) for path in scripts_of(machine, directory, found)]
        for starter in starters if scripts else ():
            found.entries.remove(starter)
            found.entries += [started_by(script, starter) for script in scripts]
        if not starters and not by_anacron:
            reason = f"no crontab runs {directory}"
            found.entries += [replace(script, off=script.off or reason) for script in scripts]


def started_by(script: Entry, starter: Entry) -> Entry:
    """The script at the times of the line that runs its directory; it waits its turn among the others."""
    return replace(
        script,
        schedule=starter.schedule,
        zone=starter.zone,
        when=starter.when,
        user=starter.user,
        off=script.off or starter.off,
        notes=(*starter.notes, f"by {starter.source}"),
        turn=starter.turn or starter.source,
    )


def scripts_of(machine: Machine, directory: str, found: Found) -> Iterator[str]:
    """The scripts that run-parts would start; what it leaves out by name or mode is reported."""
    for name in _names(machine, directory, found):
        path = f"{directory}/{name}"
        if name == "0anacron":
            continue
        if machine.debian and not _NAMES.fullmatch(name):
            found.unread.append(Unread(path, "run-parts ignores a name with this character"))
        elif not machine.root.is_executable(path):
            found.unread.append(Unread(path, "run-parts ignores it: it is not executable"))
        else:
            yield path


def script_entry(machine: Machine, path: str) -> Entry:
    """An entry without a time for one script; what it works on is read from its text."""
    try:
        text = machine.root.text(path)
    except CannotRead:  # a program, not a script
        text = ""
    off = "ends at once where systemd runs" if machine.systemd and _ENDS_UNDER_SYSTEMD.search(text) else ""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return Entry(
        kind="run-parts",
        name=path.rpartition("/")[2],
        source=path,
        schedule="",
        zone=machine.zone.key,
        command=path,
        off=off,
        unknown="",
        uses=commands.uses(code, machine.root),
    )
