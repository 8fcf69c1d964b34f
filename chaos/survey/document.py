"""A survey as JSON values: instants in UTC, ISO 8601, durations in seconds, sizes in bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chaos.survey.collisions import Collision
from chaos.survey.entry import Entry
from chaos.survey.reading import Survey


def document(survey: Survey) -> dict[str, Any]:
    numbers = {id(each): n for n, each in enumerate(survey.entries)}
    starts = {id(each.entry): each.starts for each in survey.planned}
    night = survey.night
    return {
        "since": _utc(night.since),
        "until": _utc(night.until),
        "zone": night.zone.key,
        "clock_changes": [
            {"zone": each.zone, "at": _utc(each.at), "by": each.by.total_seconds()} for each in survey.changes
        ],
        "entries": [
            {
                **_entry(each),
                "starts": [
                    {"earliest": _utc(start.earliest), "latest": _utc(start.latest)}
                    for start in starts.get(id(each), ())
                ],
            }
            for each in survey.entries
        ],
        "collisions": [_collision(each, numbers) for each in survey.collisions],
        "logs": [
            {
                "log": each.log,
                "stanza": each.stanza,
                "every": each.every,
                "size": each.size,
                "archives": each.archives,
                "archived": each.archived,
                "due": each.due,
                "because": each.because,
            }
            for each in survey.rotations.logs
        ],
        "stanzas_without_logs": survey.rotations.empty,
        "certificates": survey.certificates,
        "expiring": [
            {"path": each.path, "subject": each.subject, "expires": _utc(each.expires)}
            for each in survey.expiring
        ],
        "max_connections": survey.max_connections,
        "unread": [{"place": each.place, "reason": each.reason} for each in survey.unread],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    took = entry.took
    return {
        "kind": entry.kind,
        "name": entry.name,
        "source": entry.source,
        "schedule": entry.schedule,
        "zone": entry.zone,
        "command": entry.command,
        "user": entry.user,
        "off": entry.off or None,
        "unknown": entry.unknown or None,
        "notes": list(entry.notes),
        "role": entry.uses.role or None,
        "database": entry.uses.database or None,
        "connections": entry.uses.connections,
        "disks": sorted(entry.uses.disks),
        "took": None
        if took is None
        else {"median": took.median, "longest": took.longest, "runs": took.runs, "source": took.source},
    }


def _collision(found: Collision, numbers: dict[int, int]) -> dict[str, Any]:
    def of(entries: tuple[Entry, ...]) -> list[int]:
        return [numbers[id(each)] for each in entries]

    return {
        "at": _utc(found.at),
        "sure": of(found.sure),
        "perhaps": of(found.may),
        "still_running": of(found.running),
        "same_disk": of(found.shared.disk),
        "same_database": {server: of(group) for server, group in found.shared.database.items()},
        "connections": dict(found.shared.connections),
    }


def _utc(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
