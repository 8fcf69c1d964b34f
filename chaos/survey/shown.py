"""A survey as text of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from chaos.spec.units import show_seconds
from chaos.survey.certificates import Certificate
from chaos.survey.collisions import Collision
from chaos.survey.entry import Entry, Start
from chaos.survey.night import Night, Planned
from chaos.survey.reading import Survey
from chaos.survey.rotations import Rotation, Rotations

WIDTH = 80
_LISTED = 8  # logs


def lines(survey: Survey) -> Iterator[str]:
    """Yield the report; no line is wider than 80 columns but those that name a place or a reason."""
    yield cut(headline(survey))
    yield from (f"! {change}" for change in survey.changes)
    yield from _section("ALL NIGHT", (_often(each) for each in survey.planned if each.often))
    yield from _section("TIMELINE", timeline(survey))
    yield from _section(
        "COLLISIONS", (row for each in survey.collisions for row in collision(each, survey.night))
    )
    yield from _section("LOGS", rotated(survey.rotations))
    yield from _section("CERTIFICATES", (_certificate(each, survey.night) for each in survey.expiring))
    yield from _section("NO TIME KNOWN", (_without_time(each, each.unknown) for each in no_time(survey)))
    yield from _section("NOT THIS NIGHT", (_without_time(each, each.zone) for each in another_time(survey)))
    yield from _section("NOT RUNNING", (_without_time(each, each.off) for each in survey.entries if each.off))
    yield from _section("NOT READ", map(str, survey.unread))


def headline(survey: Survey) -> str:
    """The night in one sentence."""
    night = survey.night
    begin, end = night.local(night.since), night.local(night.until)
    starts = sum(len(each.starts) for each in survey.planned)
    counts = ((len(survey.entries), "entry"), (starts, "start"), (len(survey.collisions), "collision"))
    counted = ", ".join(_many(count, thing) for count, thing in counts)
    return f"Night of {begin:%Y-%m-%d %H:%M} to {end:%H:%M} {night.zone.key}: {counted}"


def no_time(survey: Survey) -> list[Entry]:
    return [each for each in survey.entries if each.when is None and not each.off]


def another_time(survey: Survey) -> list[Entry]:
    """The entries that run, but not in this night."""
    planned = {id(each.entry) for each in survey.planned}
    return [each for each in survey.entries if each.when and not each.off and id(each) not in planned]


def timeline(survey: Survey) -> Iterator[str]:
    """One line a start, in order; what starts at least every 15 minutes is left out."""
    rows = [(start, each.entry) for each in survey.planned if not each.often for start in each.starts]
    for start, entry in sorted(rows, key=lambda row: (row[0], row[1].source, row[1].name)):
        yield cut(
            f"{span(start, survey.night):<12}{entry.kind:<12}{entry.name[:26]:<27}{took(entry):<10}{entry.source}"
        )
        if entry.zone != survey.night.zone.key:
            yield f"{'':<12}{_there(start, entry)}"


def span(start: Start, night: Night) -> str:
    """`00:00`, or `00:00-01:00` for a start at some time within."""
    begin, end = night.local(max(start.earliest, night.since)), night.local(start.latest)
    shown = f"{begin:%H:%M}"
    return shown if (start.latest - start.earliest).total_seconds() <= 60 else f"{shown}-{end:%H:%M}"


def _there(start: Start, entry: Entry) -> str:
    return f"{start.earliest.astimezone(ZoneInfo(entry.zone)):%H:%M} {entry.zone}"


def took(entry: Entry) -> str:
    return "unknown" if entry.took is None else f"~{show_seconds(round(entry.took.median, 1))}"


def _often(planned: Planned) -> str:
    entry = planned.entry
    return cut(f"{entry.schedule[:22]:<23}{entry.kind:<12}{entry.name[:24]:<25}{entry.source}")


def collision(found: Collision, night: Night) -> Iterator[str]:
    """The minute, who starts in it, and what they share."""
    at = f"{night.local(found.at):%H:%M}"
    perhaps = f"perhaps: {', '.join(map(named, found.may))}"
    yield cut(f"{at}  {', '.join(map(named, found.sure)) or perhaps}")
    if found.may and found.sure:
        yield cut(f"       {perhaps}")
    if found.running:
        yield cut(f"       still running: {', '.join(map(named, found.running))}")
    yield from (cut(f"       {line}") for line in shared(found))


def shared(found: Collision) -> Iterator[str]:
    """What they share, one line each."""
    if found.shared.disk:
        yield f"same disk: {', '.join(map(named, found.shared.disk))}"
    for server, group in found.shared.database.items():
        known = found.shared.connections[server]
        yield f"same database, {server}{f'; {known}' if known else ''}: {', '.join(map(named, group))}"


def named(entry: Entry) -> str:
    return f"{entry.name} ({entry.kind})"


def rotated(rotations: Rotations) -> Iterator[str]:
    """The largest logs that logrotate may touch, and how many others."""
    for each in rotations.logs[:_LISTED]:
        yield cut(_log(each))
    if len(rotations.logs) > _LISTED:
        rest = rotations.logs[_LISTED:]
        yield f"and {_many(len(rest), 'log')} more, {size(sum(each.size for each in rest))}"


def _log(log: Rotation) -> str:
    due = {True: "due", False: "not due", None: "due?"}[log.due]
    archives = f"{_many(log.archives, 'archive')}, {size(log.archived)}" if log.archives else "no archives"
    return f"{size(log.size):>8}  {due:<8}{log.log}  ({log.every}; {archives})"


def size(value: float) -> str:
    """`1.5 GB`, `20 kB`: in thousands."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


def _certificate(certificate: Certificate, night: Night) -> str:
    at = certificate.expires
    state = "expired" if at < night.since else "EXPIRES TONIGHT" if at < night.until else "expires"
    return f"{state} {night.local(at):%Y-%m-%d %H:%M}  {certificate.path}"


def _without_time(entry: Entry, reason: str) -> str:
    return cut(
        f"{entry.kind:<12}{entry.name[:26]:<27}{reason}{f'  {entry.schedule}' if entry.schedule else ''}"
    )


def _section(title: str, rows: Iterable[str]) -> Iterator[str]:
    found = list(rows)
    if found:
        yield ""
        yield title
        yield from found


def _many(count: int, thing: str) -> str:
    plural = f"{thing.removesuffix('y')}ies" if thing.endswith("y") else f"{thing}s"
    return f"{count} {thing if count == 1 else plural}"


def cut(text: str) -> str:
    """One line of at most 80 characters."""
    line = "".join(char if char.isprintable() else "?" for char in text).rstrip()
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..."


def clock(at: datetime, night: Night) -> str:
    return f"{night.local(at):%H:%M}"
