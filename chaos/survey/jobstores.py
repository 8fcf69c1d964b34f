"""Job stores of APScheduler in SQLite, and the schedule files of Celery beat.

Both keep pickles. A pickle runs code when it is loaded, so none is: of APScheduler's jobs the next run is a column of
its own; of beat's schedule nothing can be read.
"""

from __future__ import annotations

import sqlite3
import urllib.parse
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from chaos.survey.entry import Entry, Found, Once, Unread
from chaos.survey.root import CannotRead, Root

BEAT_PLACES = (
    "/var/lib/celery*",
    "/var/run/celery*",
    "/run/celery*",
    "/opt/*",
    "/srv/*",
    "/srv/*/*",
    "/home/*",
)
_TABLE = "apscheduler_jobs"
_PICKLED = "its trigger is a pickle, which is not loaded: only the next run is known"
_BEAT = (
    "Celery beat keeps its schedule as a pickle, which is not loaded: see beat_schedule in the application"
)


def read(url: str) -> Found:
    """Read an APScheduler job store: `sqlite:///PATH`, or a path. `URL#TABLE` names another table."""
    address, _, table = url.partition("#")
    table = table or _TABLE
    path = (
        urllib.parse.unquote(address.removeprefix("sqlite:///")) if address.startswith("sqlite:") else address
    )
    if "://" in path:
        return Found(
            unread=[Unread(address.partition("@")[2] or "job store", "only SQLite job stores are read")]
        )
    if not Path(path).is_file():
        return Found(unread=[Unread(path, "no such file")])
    found = Found()
    quoted = '"' + table.replace('"', '""') + '"'
    try:
        # mode=ro: not even a journal is created
        address = f"file:{urllib.parse.quote(str(Path(path).resolve()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=2)) as connection:
            rows = connection.execute(f"SELECT id, next_run_time FROM {quoted} ORDER BY id").fetchall()
    except sqlite3.Error as error:
        return Found(unread=[Unread(path, str(error))])
    for name, at in rows:
        found.entries.append(_entry(path, str(name), at))
    return found


def _entry(path: str, name: str, at: float | None) -> Entry:
    next_run = None if at is None else datetime.fromtimestamp(float(at), UTC)
    return Entry(
        kind="apscheduler",
        name=name,
        source=path,
        schedule=f"next {next_run:%Y-%m-%d %H:%M:%S} UTC" if next_run else "",
        zone="UTC",
        when=Once(next_run) if next_run else None,
        off="" if next_run else "paused",
        notes=(_PICKLED,),
    )


def beat(root: Root) -> Found:
    """Report every schedule file of Celery beat in its usual places."""
    found = Found()
    paths = {path for place in BEAT_PLACES for path in root.glob(f"{place}/celerybeat-schedule*")}
    for path in sorted(paths):
        try:
            root.stat(path)
        except CannotRead as error:
            found.unread.append(Unread(path, str(error)))
        else:
            found.unread.append(Unread(path, _BEAT))
    return found
