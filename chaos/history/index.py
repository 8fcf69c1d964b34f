"""The index of runs: kept in sync with the journals, queried for runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from chaos.checks.figures import FIGURES, completed
from chaos.errors import UsageError
from chaos.history import decision as decisions
from chaos.history import schema
from chaos.history.decision import Decision
from chaos.history.entry import Entry, Unreadable, read_entry
from chaos.history.listing import Place, places, store_id
from chaos.history.query import Query
from chaos.history.schema import runs
from chaos.record import store
from chaos.record.store import RunDir

_SHIPPED = [figure.name for figure in FIGURES if figure.indexed]

_GROUP = (runs.c.experiment, runs.c.target, runs.c.profile)

Say = Callable[[str], None]

IN_MEMORY = sa.URL.create("sqlite")


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The result of a sync: runs read from their journals, runs that were gone."""

    read: int
    gone: int
    unreadable: tuple[str, ...]


class Index:
    """The runs under `root`; in a shared database, also those of other reports directories."""

    def __init__(self, url: sa.URL, root: Path) -> None:
        """Raises SQLAlchemyError, or OSError if the reports directory cannot be written."""
        self._root, self._engine = root, schema.engine(url)
        self._store = store_id(root) if root.is_dir() and url.database else ""
        schema.prepare(self._engine)

    def refresh(self) -> Refreshed:
        """Read runs that are new or without a verdict in the index; drop deleted ones."""
        known = self._known()  # before the listing: a run that starts in between must not count as deleted
        there = set(places(self._root))
        gone = [place for place in known if place not in there]
        fresh = [place for place in there if self._is_news(place, known)]
        entries: list[tuple[Place, Entry]] = []
        unreadable: list[str] = []
        for place in fresh:
            try:
                entries.append((place, read_entry(self._run_dir(place))))
            except FileNotFoundError:  # just being created or deleted
                continue
            except Unreadable as error:
                unreadable.append(str(error))
        self._write(entries, gone)
        return Refreshed(len(entries), len(gone), tuple(unreadable))

    def rebuild(self) -> Refreshed:
        """Drop every run of this reports directory and read all journals again. Newer decisions by other machines are
        kept."""
        decided = [each for each in self.find(Query()) if self.is_here(each) and each.decision is not None]
        with self._engine.begin() as connection:
            connection.execute(runs.delete().where(runs.c.store == self._store))
        read = self.refresh()
        for each in decided:
            assert each.decision is not None, "chosen above"
            self._put(each, each.decision, runs.c.decided < each.decision.at)
        return read

    def decide(self, entry: Entry, made: Decision) -> None:
        """Record a decision about a run, also in its directory if that is here. Raises OSError, and UsageError for a
        run that is not in the index."""
        if entry.path.is_dir() and self.is_here(entry):
            decisions.write(RunDir(entry.path), made)
        if not self._put(entry, made, sa.true()):
            raise UsageError(f"{entry.path}: not under {self._root}, so it cannot count as a baseline")

    def _put(self, entry: Entry, made: Decision, older: sa.ColumnElement[bool]) -> bool:
        own = runs.c.store == self._store if self.is_here(entry) else runs.c.path == str(entry.path)
        where = sa.and_(runs.c.run == entry.run, own, sa.or_(runs.c.decided.is_(None), older))
        with self._engine.begin() as connection:
            return connection.execute(runs.update().where(where).values(**_columns(made))).rowcount > 0

    def find(self, query: Query) -> list[Entry]:
        """Return matching runs, oldest first; with a limit, the newest ones."""
        with self._engine.connect() as connection:
            rows = connection.execute(query.select()).mappings().all()
        return [self._entry(row) for row in reversed(rows)]

    def count(self, query: Query) -> int:
        """Count matching runs, ignoring the limit."""
        with self._engine.connect() as connection:
            counted = sa.select(sa.func.count()).select_from(runs).where(*query.conditions())
            return int(connection.execute(counted).scalar_one())

    def newest(self) -> list[Entry]:
        """Return the last run of each experiment, target and profile, without the parts of suites."""
        ids = sa.select(sa.func.max(runs.c.run)).where(~runs.c.part).group_by(*_GROUP)
        chosen = sa.select(runs).where(runs.c.run.in_(ids)).order_by(*_GROUP)
        with self._engine.connect() as connection:
            return [self._entry(row) for row in connection.execute(chosen).mappings()]

    def counts(self) -> dict[tuple[str, str, str | None], int]:
        """Count the runs of each experiment, target and profile."""
        counted = sa.select(*_GROUP, sa.func.count()).group_by(*_GROUP).order_by(*_GROUP)
        with self._engine.connect() as connection:
            return {(row[0], row[1], row[2]): int(row[3]) for row in connection.execute(counted)}

    def starts(self, since: str) -> list[tuple[str, str | None, int]]:
        """Count the runs since then by start and verdict, without the parts of suites."""
        grouped = (runs.c.started, runs.c.verdict)
        chosen = sa.select(*grouped, sa.func.count()).where(~runs.c.part, runs.c.started >= since)
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(chosen.group_by(*grouped)).all()]

    def experiments(self) -> list[str]:
        """Return the names of all experiments, sorted."""
        with self._engine.connect() as connection:
            return list(
                connection.execute(
                    sa.select(runs.c.experiment).distinct().order_by(runs.c.experiment)
                ).scalars()
            )

    def is_here(self, entry: Entry) -> bool:
        """Return True if the run's journal is in this reports directory."""
        return entry.path.parent.parent == self._root

    def close(self) -> None:
        self._engine.dispose()

    def _known(self) -> dict[Place, bool]:
        """Return the runs of this reports directory, and whether each has a verdict."""
        chosen = sa.select(runs.c.folder, runs.c.run, runs.c.verdict).where(runs.c.store == self._store)
        with self._engine.connect() as connection:
            return {(folder, run): verdict is not None for folder, run, verdict in connection.execute(chosen)}

    def _is_news(self, place: Place, known: dict[Place, bool]) -> bool:
        settled = known.get(place)
        return settled is None or (not settled and self._run_dir(place).verdict.exists())

    def _run_dir(self, place: Place) -> RunDir:
        return RunDir(self._root.joinpath(*place))

    def _write(self, entries: Iterable[tuple[Place, Entry]], gone: Iterable[Place]) -> None:
        rows = [_row(self._store, place, entry) for place, entry in entries]
        lost = [{"its_folder": folder, "its_run": run} for folder, run in gone]
        if not rows and not lost:
            return
        with self._engine.begin() as connection:
            if lost:
                connection.execute(
                    runs.delete().where(
                        runs.c.store == self._store,
                        runs.c.folder == sa.bindparam("its_folder"),
                        runs.c.run == sa.bindparam("its_run"),
                    ),
                    lost,
                )
            if rows:
                connection.execute(schema.upsert(self._engine.dialect.name), rows)

    def _entry(self, row: sa.RowMapping) -> Entry:
        own = row["store"] == self._store
        path = self._root / row["folder"] / row["run"] if own else Path(row["path"])
        shipped = {name: row[name] for name in _SHIPPED}
        apart = {*shipped, *_columns(None), "store", "folder", "path", "of_plugins", "lower_bounds"}
        given = {name: row[name] for name in row if name not in apart}
        made = [row[name] for name in _columns(None)]
        decision = Decision(*made) if row["decision"] is not None else None
        return Entry(
            **given,
            path=path,
            figures={**shipped, **completed(row["of_plugins"])},
            decision=decision,
            lower_bounds=tuple(row["lower_bounds"]),
        )


def _row(store: str, place: Place, entry: Entry) -> dict[str, Any]:
    folder, run = place
    shipped = {name: entry.figures[name] for name in _SHIPPED}
    others = {name: value for name, value in entry.figures.items() if name not in _SHIPPED}
    row = {**asdict(entry), **shipped, "of_plugins": others, **_columns(entry.decision)}
    del row["figures"]
    return {**row, "store": store, "folder": folder, "run": run, "path": str(entry.path)}


def _columns(made: Decision | None) -> dict[str, str | None]:
    """Columns of a decision, in the order of its fields."""
    if made is None:
        return dict.fromkeys(("decision", "decided", "decided_by", "decided_because"))
    return {
        "decision": made.state,
        "decided": made.at,
        "decided_by": made.by,
        "decided_because": made.because,
    }


def open_index(say: Say) -> Index:
    """Open the index and sync it with the journals. A corrupt index is reported and rebuilt; if it cannot be written,
    that is reported and the journals are read instead; an unreadable run is reported and skipped. Raises UsageError
    for an unusable MIDNIGHT_DATABASE."""
    root = store.reports_dir()
    url = schema.database_url(root)
    if not root.is_dir() and not _is_shared(url, root):
        index, refreshed = _refreshed(IN_MEMORY, root)
    else:
        try:
            index, refreshed = _in_step(url, root, say)
        except (SQLAlchemyError, OSError) as error:
            if _is_shared(url, root):
                raise UsageError(f"{schema.VARIABLE}: {_reason(error)}") from None
            say(f"cannot write the index of runs ({_reason(error)}); reading the journals instead")
            index, refreshed = _refreshed(IN_MEMORY, root)
    for problem in refreshed.unreadable:
        say(f"skipped: {problem}")
    return index


def remember() -> list[str]:
    """Sync the index with the journals. Errors are reported, never raised.

    Unreadable runs are skipped: another process may be writing one.
    """
    notes: list[str] = []
    try:
        root = store.reports_dir()
        _in_step(schema.database_url(root), root, notes.append)[0].close()
    except Exception as error:  # any error: the journals are there, and the next sync catches up
        notes.append(f"could not update the index of runs ({_reason(error)}); the next command will")
    return notes


def _in_step(url: sa.URL, root: Path, say: Say) -> tuple[Index, Refreshed]:
    try:
        return _refreshed(url, root)
    except DatabaseError as error:
        if _is_shared(url, root) or not _is_broken(error):
            raise
        say(f"corrupt index of runs ({_reason(error)}): rebuilding it from the journals")
    for file in root.glob(f"{schema.FILE}*"):  # including SQLite's own journals
        file.unlink(missing_ok=True)
    return _refreshed(url, root)


def _refreshed(url: sa.URL, root: Path) -> tuple[Index, Refreshed]:
    index = Index(url, root)
    return index, index.refresh()


def _is_shared(url: sa.URL, root: Path) -> bool:
    """Return True if the user configured the database: it is never deleted."""
    return url.get_backend_name() != "sqlite" or url.database != str(root / schema.FILE)


def _is_broken(error: DatabaseError) -> bool:
    """Return True if the file is corrupt; not if it is locked, full or read-only."""
    return isinstance(error.orig, sqlite3.DatabaseError) and not isinstance(
        error.orig, sqlite3.OperationalError
    )


def _reason(error: Exception) -> str:
    """Return the first line of the database's message: the rest is SQL."""
    cause = getattr(error, "orig", None) or error
    return next(iter(str(cause).strip().splitlines()), type(cause).__name__)
