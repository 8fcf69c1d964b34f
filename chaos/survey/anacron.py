"""anacron: jobs by period in days, started within hours of the day and up to a random delay late."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from chaos.survey import commands, crontabs
from chaos.survey.entry import Entry, Found, Start, Unread, masked
from chaos.survey.machine import Machine
from chaos.survey.root import CannotRead

TABLE, STAMPS = "/etc/anacrontab", "/var/spool/anacron"
_PERIODS = {"@daily": 1, "@weekly": 7, "@monthly": 0, "@yearly": 0, "@annually": 0}
_SETTING = re.compile(r"\s*(\w+)\s*=\s*(.*?)\s*")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Within:
    """Once a day, within a stretch of it, from a first day on. Without a stamp every day is possible."""

    zone: ZoneInfo
    begin: timedelta  # since midnight
    spread: timedelta
    first: date | None = None  # not before; then every `period` days
    period: int = 1

    def starts(self, since: datetime, until: datetime) -> Iterator[Start]:
        day = (since - self.spread - self.begin).astimezone(self.zone).date() - _DAY
        while day <= until.astimezone(self.zone).date():
            at = (datetime.combine(day, time()) + self.begin).replace(tzinfo=self.zone).astimezone(UTC)
            if self._on(day) and at < until and at + self.spread > since:
                yield Start.at(at, self.spread)
            day += _DAY

    def _on(self, day: date) -> bool:
        # a job that is overdue runs on the next day that the machine is up: its first day counts only once
        return self.first is None or (day >= self.first and (day - self.first).days % self.period == 0)


def read(machine: Machine) -> Found:
    """Read /etc/anacrontab; nothing if it is not there."""
    if not machine.root.exists(TABLE):
        return Found()
    try:
        text = machine.root.text(TABLE)
    except CannotRead as error:
        return Found(unread=[Unread(TABLE, str(error))])
    found, settings = Found(), dict[str, str]()
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if (setting := _SETTING.fullmatch(line)) is not None:
            settings[setting[1]] = setting[2]
            continue
        try:
            _job(machine, found, settings, number, stripped)
        except ValueError as error:
            found.unread.append(Unread(f"{TABLE}:{number}", str(error)))
    return found


def _job(machine: Machine, found: Found, settings: dict[str, str], number: int, line: str) -> None:
    words = line.split(None, 3)
    if len(words) < 4 or not words[1].isdecimal():
        raise ValueError("is not PERIOD DELAY NAME COMMAND")
    period, delay, name, command = words
    if not (period.isdecimal() and int(period) > 0) and period not in _PERIODS:
        raise ValueError(f"bad period {period!r}")
    days = int(period) if period.isdecimal() else _PERIODS[period]
    first, last = _hours(settings.get("START_HOURS_RANGE", ""))
    late = settings.get("RANDOM_DELAY", "0")
    if not late.isdecimal():
        raise ValueError(f"bad RANDOM_DELAY {late!r}")
    stamp = _stamp(machine, name)
    begin = timedelta(hours=first, minutes=int(delay))
    spread = timedelta(hours=last - first, minutes=int(late))
    when = Within(machine.zone, begin, spread)
    notes = ["anacron starts it at some time in these hours, once the machine is up"]
    if days > 1 and stamp is not None:
        when = replace(when, first=stamp + timedelta(days=days), period=days)
    elif days != 1:
        notes.append("its day is not known: no readable time stamp" if days else "once a month or year")
    entry = Entry(
        kind="anacron",
        name=name,
        source=f"{TABLE}:{number}",
        schedule=f"{period} {delay}",
        zone=machine.zone.key,
        when=when,
        command=masked(command),
        user="root",
        off="" if machine.anacron else "anacron is not installed",
        notes=tuple(notes),
        uses=commands.uses(command, machine.root, settings),
        turn=TABLE,  # cron and systemd start it with -s: one job after another
    )
    scripts = [
        crontabs.started_by(crontabs.script_entry(machine, path), entry)
        for directory in crontabs.RUN_PARTS.findall(command)
        for path in crontabs.scripts_of(machine, directory, found)
    ]
    found.entries += scripts or [entry]


def _hours(text: str) -> tuple[int, int]:
    if not text:
        return 0, 24
    matched = re.fullmatch(r"(\d{1,2})-(\d{1,2})", text)
    if matched is None or not int(matched[1]) < int(matched[2]) <= 24:
        raise ValueError(f"bad START_HOURS_RANGE {text!r}")
    return int(matched[1]), int(matched[2])


def _stamp(machine: Machine, name: str) -> date | None:
    try:
        return datetime.strptime(machine.root.text(f"{STAMPS}/{name}").strip(), "%Y%m%d").date()
    except (CannotRead, ValueError):
        return None
