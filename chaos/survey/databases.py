"""PostgreSQL: pg_cron's jobs with their recorded durations, autovacuum, and max_connections."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from chaos.errors import TargetError
from chaos.postgres.connection import StatementRefused, rows_within
from chaos.spec.units import show_seconds
from chaos.survey import cron
from chaos.survey.cron import CronError
from chaos.survey.entry import Entry, Found, Took, Unread, Uses, masked
from chaos.survey.machine import zone_named
from chaos.survey.root import CannotRead, Root

_WITHIN = 5.0  # seconds
_SETTINGS = """
    select name, setting from pg_settings
    where name in ('max_connections', 'superuser_reserved_connections', 'autovacuum', 'autovacuum_naptime',
                   'autovacuum_max_workers', 'cron.timezone', 'cron.max_running_jobs', 'port')
"""
_JOBS = "select jobid, schedule, command, database, username, active from cron.job order by jobid"
_DURATIONS = """
    select jobid, count(*), percentile_cont(0.5) within group (order by extract(epoch from end_time - start_time)),
           max(extract(epoch from end_time - start_time))
    from cron.job_run_details where status = 'succeeded' and end_time is not null group by jobid
"""
_NO_PG_CRON = ("42P01", "3F000")  # no such table, no such schema
_SECONDS = re.compile(r"\d+ seconds?")
_CONF = re.compile(r"^\s*(\w+(?:\.\w+)?)\s*=?\s*'?([^'#\n]*?)'?\s*(?:#.*)?$", re.MULTILINE)
_CONFS = ("/etc/postgresql/*/*/postgresql.conf", "/var/lib/pgsql/data/postgresql.conf")


@dataclass(slots=True)
class Databases:
    """What the servers allow: max_connections by server."""

    found: Found = field(default_factory=Found)
    max_connections: dict[str, int] = field(default_factory=dict)


def from_files(root: Root) -> Databases:
    """max_connections of the clusters whose configuration lies on disk."""
    databases = Databases()
    for path in (path for pattern in _CONFS for path in root.glob(pattern)):
        try:
            settings = {name: value.strip() for name, value in _CONF.findall(root.text(path))}
        except CannotRead as error:
            databases.found.unread.append(Unread(path, str(error)))
            continue
        port, most = settings.get("port", "5432"), settings.get("max_connections", "100")
        if port.isdecimal() and most.isdecimal():
            databases.max_connections[f"postgresql localhost:{port}"] = int(most)
    return databases


def from_server(dsn: str) -> Databases:
    """Ask a server. What the role may not read, and pg_cron if it is not there, is reported."""
    databases = Databases()
    try:
        with psycopg.connect(
            dsn, autocommit=True, connect_timeout=round(_WITHIN), application_name="midnight"
        ) as connection:
            server = _named(connection)
            settings = {str(name): str(value) for name, value in rows_within(connection, _SETTINGS, _WITHIN)}
            databases.max_connections[server] = int(settings.get("max_connections", "0"))
            databases.found.entries.append(_autovacuum(server, settings))
            _pg_cron(connection, server, settings, databases.found)
    except (psycopg.Error, TargetError) as error:
        databases.found.unread.append(Unread("--dsn", " ".join(str(error).split())))
    return databases


def _named(connection: Any) -> str:
    host = connection.info.host
    local = not host or host.startswith("/") or host in {"127.0.0.1", "::1"}
    return f"postgresql {'localhost' if local else host}:{connection.info.port}"


def _naptime(settings: dict[str, str]) -> str:
    """The setting is in seconds."""
    try:
        return show_seconds(float(settings["autovacuum_naptime"]))
    except (KeyError, ValueError):
        return "?"


def _autovacuum(server: str, settings: dict[str, str]) -> Entry:
    return Entry(
        kind="autovacuum",
        name="autovacuum",
        source=server,
        schedule=f"every {_naptime(settings)}, for each database",
        zone="UTC",
        unknown="starts where a table needs it, at any time",
        off="" if settings.get("autovacuum") == "on" else "autovacuum is off",
        notes=(f"up to {settings.get('autovacuum_max_workers', '?')} workers, beside max_connections",),
        uses=Uses(role="database", database=server),
    )


def _pg_cron(connection: Any, server: str, settings: dict[str, str], found: Found) -> None:
    try:
        jobs = rows_within(connection, _JOBS, _WITHIN)
    except StatementRefused as error:
        if error.state not in _NO_PG_CRON:
            found.unread.append(Unread(f"{server}: cron.job", " ".join(str(error).split())))
        return
    durations = _durations(connection, server, found)
    zone = zone_named(settings.get("cron.timezone", "GMT")) or ZoneInfo("UTC")
    for job, schedule, command, database, user, active in jobs:
        place = f"{server}: cron.job {job}"
        try:
            found.entries.append(
                _job(
                    place,
                    server,
                    zone,
                    str(job),
                    str(schedule),
                    str(command),
                    str(database),
                    str(user),
                    str(active),
                )
            )
        except CronError as error:
            found.unread.append(Unread(place, str(error)))
            continue
        if (took := durations.get(str(job))) is not None:
            found.entries[-1] = replace(found.entries[-1], took=took)


def _durations(connection: Any, server: str, found: Found) -> dict[str, Took]:
    try:
        rows = rows_within(connection, _DURATIONS, _WITHIN)
    except StatementRefused as error:
        found.unread.append(Unread(f"{server}: cron.job_run_details", " ".join(str(error).split())))
        return {}
    return {
        str(job): Took(float(median or 0), float(longest or 0), int(runs or 0), "cron.job_run_details")
        for job, runs, median, longest in rows
    }


def _job(
    place: str,
    server: str,
    zone: ZoneInfo,
    job: str,
    schedule: str,
    command: str,
    database: str,
    user: str,
    active: str,
) -> Entry:
    by_seconds = bool(_SECONDS.fullmatch(schedule.strip()))
    if "$" in schedule:
        raise CronError(f"`$` (the last day of the month) is not supported here: {schedule!r}")
    return Entry(
        kind="pg_cron",
        name=f"{database}/{job}",
        source=place,
        schedule=schedule,
        zone=zone.key,
        when=None if by_seconds else cron.parse(schedule, zone),
        unknown=f"every {schedule}" if by_seconds else "",
        command=masked(command),
        user=user,
        off="" if active in ("t", "true", "True") else "not active",
        uses=Uses(role="database", database=server, connections=1),
    )
