"""Entries of loggers that keep level, instant and message elsewhere than others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def records(entry: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The entries in one of OpenTelemetry's collector."""
    waiting: list[Any] = [entry]
    for key in ("resourceLogs", "scopeLogs", "logRecords"):
        lists = [each.get(key) for each in waiting if isinstance(each, dict)]
        waiting = [each for value in lists if isinstance(value, list) for each in value]
    yield from (each for each in waiting if isinstance(each, dict))


def flat(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An entry of loguru (`serialize=True`) or OpenTelemetry with its level, instant and message where others have
    them."""
    if "timeUnixNano" in entry or "severityText" in entry:
        told = {"level": entry.get("severityText"), "time": entry.get("timeUnixNano")}
        return (
            told | {"message": _plain(entry.get("body"))} | _attributes(entry.get("attributes")) | dict(entry)
        )
    record = entry.get("record")
    if not isinstance(record, dict):
        return entry
    level, at = record.get("level"), record.get("time")
    if not isinstance(level, dict) or not isinstance(at, dict):
        return entry
    told = {"level": level.get("name"), "time": at.get("timestamp"), "message": record.get("message")}
    return told | {key: value for key, value in entry.items() if key != "record"}


def _attributes(value: Any) -> dict[str, Any]:
    """OpenTelemetry's list of keys and values."""
    return {
        str(each.get("key")): _plain(each.get("value"))
        for each in (value if isinstance(value, list) else ())
        if isinstance(each, dict)
    }


def _plain(value: Any) -> Any:
    return value.get("stringValue", value) if isinstance(value, dict) else value
