"""Collect the metrics from the history, the runs in progress and the schedules. Nothing is changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import product
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from chaos import database
from chaos.checks.figures import every
from chaos.history.drills import last_passed
from chaos.history.entry import Entry
from chaos.history.index import Index, open_index
from chaos.history.query import VERDICTS, Query
from chaos.metrics import families
from chaos.metrics.families import Family
from chaos.record import store
from chaos.record.events import StepInjected, StepInjecting, StepUndone
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.schedule import status
from chaos.schedule.file import ScheduleFile
from chaos.schedule.occurrences import SETTLED
from chaos.schedule.tables import occurrences
from chaos.undo.locks import is_locked

log = logging.getLogger(__name__)

Schedules = Callable[[], ScheduleFile | None]


class Everything(Collector):
    """All that midnight exports. A part that cannot be read is left out and reported by `midnight_metrics_part_up`."""

    def __init__(self, schedules: Schedules = lambda: None) -> None:
        """`schedules` returns the schedules in force; None: there are none."""
        self._schedules = schedules

    def collect(self) -> Iterator[Metric]:
        yield _one(families.INFO, 1, version("midnight-chaos"))
        up = families.PART_UP.empty()
        parts: dict[str, Callable[[], list[Metric]]] = {
            "runs": _runs,
            "drills": _drills,
            "progress": _progress,
            "schedules": self._of_schedules,
        }
        for name, read in parts.items():
            try:
                found = read()
            except Exception:  # a scrape must show what can be read
                log.debug("metrics: %s", name, exc_info=True)
                _add(up, 0, name)
            else:
                _add(up, 1, name)
                yield from found
        yield up

    def _of_schedules(self) -> list[Metric]:
        file = self._schedules()
        following, paused, counted = (
            each.empty() for each in (families.NEXT_DUE, families.PAUSED, families.OCCURRENCES)
        )
        with _database() as connection:
            for row in status.rows(file, connection, datetime.now(UTC)) if file else ():
                _add(paused, bool(row["paused"]), row["name"])
                if row["next"]:
                    _add(following, datetime.fromisoformat(row["next"]).timestamp(), row["name"])
            settled = _settled(connection)
        names = {
            *(schedule for schedule, _ in settled),
            *(each.name for each in (file.schedules if file else ())),
        }
        # Zeros, too: Prometheus sees no increase in a series that begins at 1.
        for schedule, state in product(sorted(names), SETTLED):
            _add(counted, settled.get((schedule, state), 0), schedule, state)
        return [following, paused, counted]


def registry(schedules: Schedules = lambda: None) -> CollectorRegistry:
    """A registry of this collector alone: nothing of the Python process."""
    made = CollectorRegistry(auto_describe=False)
    made.register(Everything(schedules))
    return made


@contextmanager
def _database() -> Iterator[Connection]:
    engine = database.connect(database.address())
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _settled(connection: Connection) -> dict[tuple[str, str], int]:
    """How many due times of each schedule came to each state."""
    counts = (
        select(occurrences.c.schedule, occurrences.c.state, func.count())
        .where(occurrences.c.state.in_(SETTLED))
        .group_by(occurrences.c.schedule, occurrences.c.state)
    )
    return {(schedule, state): count for schedule, state, count in connection.execute(counts)}


@contextmanager
def _index() -> Iterator[Index]:
    index = open_index(lambda _: None)
    try:
        yield index
    finally:
        index.close()


def _runs() -> list[Metric]:
    with _index() as index:
        newest, counts = index.newest(), index.counts()
    verdict, code, started = (
        each.empty() for each in (families.VERDICT, families.EXIT_CODE, families.STARTED)
    )
    figures = {figure.name: families.of_figure(figure).empty() for figure in every() if figure.indexed}
    for entry in newest:
        group = _group(entry)
        states = {each: each == (entry.verdict or "none") for each in VERDICTS}
        verdict.add_metric(group, states)  # type: ignore[attr-defined]
        _add(started, datetime.fromisoformat(entry.started).timestamp(), *group)
        if entry.exit_code is not None:
            _add(code, entry.exit_code, *group)
        for name, family in figures.items():
            if (value := entry.figures.get(name)) is not None:
                _add(family, value, *group)
    stored = families.STORED.empty()
    for (experiment, target, profile), count in counts.items():
        _add(stored, count, experiment, target, profile or "")
    return [verdict, code, started, stored, *figures.values()]


def _drills() -> list[Metric]:
    with _index() as index:
        passed = index.find(Query(drill=True, verdict="pass"))
    when, age = families.DRILL.empty(), families.DRILL_AGE.empty()
    for target, entry in sorted(last_passed(passed).items()):
        at = datetime.fromisoformat(entry.started).timestamp()
        _add(when, at, target)
        _add(age, datetime.now(UTC).timestamp() - at, target)
    return [when, age]


def _progress() -> list[Metric]:
    listed = store.unhealed_runs()
    playing = [run for run in listed if is_locked(run)]
    active = families.FAULT_ACTIVE.empty()
    for run in playing:
        for labels, acts in _steps(run).items():
            _add(active, acts, *labels)
    return [
        _one(families.IN_PROGRESS, len(playing)),
        _one(families.UNHEALED, len(listed) - len(playing)),
        active,
    ]


def _steps(run: RunDir) -> dict[tuple[str, ...], bool]:
    """Whether each step of a run acts now, by its labels."""
    journal = Journal(run)
    about = journal.manifest
    group = (str(about.experiment.get("name")), str(about.target.get("name")), about.profile or "")
    found: dict[tuple[str, ...], bool] = {}
    for step in about.plan or ():
        name, fault = str(step["step"]), str(step["fault"])
        begun = journal.latest(StepInjecting, name) or journal.latest(StepInjected, name)
        found[(*group, name, fault)] = begun is not None and journal.latest(StepUndone, name) is None
    return found


def _group(entry: Entry) -> tuple[str, str, str]:
    return entry.experiment, entry.target, entry.profile or ""


def _one(family: Family, value: float, *labels: str) -> Metric:
    made = family.empty()
    _add(made, value, *labels)
    return made


def _add(metric: Metric, value: float, *labels: str) -> None:
    metric.add_metric(labels, float(value))  # type: ignore[attr-defined]


def schedules_of(path: Path) -> Schedules:
    """The schedules of a file, read at each scrape; none if there is no such file."""
    from chaos.schedule import file

    return lambda: file.load(path) if path.exists() else None
