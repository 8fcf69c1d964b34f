"""`midnight schedule ...`: run experiments on a schedule."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos.checks.text import many
from chaos.cli.diagnostics import PRINTED
from chaos.cli.options import SCHEDULES, Json, SchedulesAt
from chaos.console.output import print_whole, say
from chaos.errors import UsageError
from chaos.spec.units import show_seconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from chaos.schedule.file import ScheduleFile
    from chaos.schedule.schedule import Schedule

log = logging.getLogger(__name__)

app = typer.Typer(help="Run experiments on a schedule: nightly, monthly, cron.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Schedule name.")]
Metrics = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="Serve /metrics for Prometheus, e.g. on 127.0.0.1:9464."),
]
Which = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this schedule.")]
Since = Annotated[
    str | None, typer.Option(metavar="WHEN", help="Only since this day or age, e.g. yesterday or 7d.")
]
Newest = Annotated[int, typer.Option("-n", min=1, max=10_000, help="Show at most N, newest last.")]
Count = Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many starts to print.")]
Reason = Annotated[str, typer.Option("--because", help="Reason, shown by `list` and recorded.")]
Checked = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Schedule file.")]


@app.command("run")
def run(file: SchedulesAt = SCHEDULES, metrics: Metrics = None) -> None:
    """Run the scheduler in the foreground. SIGTERM stops it; SIGHUP reloads the file."""
    from chaos.schedule import service  # imports APScheduler: slow

    with ExitStack() as beside:
        if metrics is not None:
            from chaos.metrics import collecting, out

            registry = collecting.registry(collecting.schedules_of(file))
            _say(f"metrics: {beside.enter_context(out.served(metrics, registry))}")
        service.run(file, _say)


@app.command("list")
def list_(file: SchedulesAt = SCHEDULES, json_: Json = False) -> None:
    """List schedules with their next start and last result."""
    from chaos.schedule import status

    found, now = _load(file), datetime.now(UTC)
    with _database() as connection:
        rows, troubles = status.rows(found, connection, now), status.troubles(connection, now)
        leader = status.leader(connection)
    if json_:
        print(json.dumps({"schedules": rows, "leader": leader, "troubles": troubles}, indent=1))
        return
    print_whole(_table(rows))
    terminal = Console(highlight=False)
    for row in rows:
        for words in filter(None, (row["paused"], row["skipping"], (row["last"] or {}).get("because"))):
            terminal.print(f"{row['name']}: {words}", markup=False, soft_wrap=True)
    held = f"{leader} holds the lease" if leader else "no scheduler holds the lease: nothing will start"
    terminal.print(held, markup=False, soft_wrap=True)
    for line in troubles:
        terminal.print(line, style="bold red", markup=False, soft_wrap=True)


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("schedule", "when", "zone", "next (UTC)", "last due (UTC)", "result"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        last = row["last"] or {"due": "", "state": "", "event": ""}
        never = "paused" if row["paused"] else "blacked out" if row["skipping"] else "never"
        following = _short(row["next"] or never)
        cells = (row["name"], row["when"], row["timezone"], following, _short(last["due"]))
        table.add_row(*map(Text, cells), last["event"] or last["state"])
    return table


@app.command("next")
def next_(file: SchedulesAt = SCHEDULES, n: Count = 10, json_: Json = False) -> None:
    """Print the next starts of all schedules. Says which of them a pause or a blackout blocks."""
    from chaos.schedule import status

    found = _load(file)
    with _database() as connection:
        coming = status.coming(found, connection, datetime.now(UTC), n)
    if json_:
        print(json.dumps([each._asdict() for each in coming], indent=1, default=str))
        return
    for each in coming:
        print(f"{each.start:%Y-%m-%d %H:%M:%S} UTC  {each.local}  {each.schedule}  {each.note}".rstrip())


@app.command("history")
def history(name: Which = None, since: Since = None, n: Newest = 30, json_: Json = False) -> None:
    """List past due times and their outcomes. Played, missed, skipped or refused, and why; newest last."""
    from chaos.history.query import instant
    from chaos.schedule import status

    now = datetime.now(UTC)
    after = None if since is None else datetime.fromisoformat(instant(since, now))
    with _database() as connection:
        rows = status.history(connection, name, after, n)
    if json_:
        print(json.dumps(rows, indent=1))
        return
    if not rows:
        of = "" if name is None else f" of {name}"
        print(f"no due time{of} is recorded; `midnight schedule run` plays and records them")
        return
    print_whole(_history(rows))


def _history(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("due (UTC)", "schedule", "result", "took", "run", "because"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        name = f"{row['schedule']} (by hand)" if row["by_hand"] else row["schedule"]
        took = "" if row["seconds"] is None else show_seconds(row["seconds"])
        cells = (
            _short(row["due"]),
            name,
            row["event"] or row["state"],
            took,
            row["run"] or "",
            row["because"],
        )
        table.add_row(*map(Text, cells))
    return table


@app.command("pause")
def pause(name: Name, file: SchedulesAt = SCHEDULES, because: Reason = "") -> None:
    """Pause a schedule until `resume`. Runs that come due meanwhile are skipped."""
    from chaos.schedule import registered

    schedule = _schedule(_load(file), name)
    with _database() as connection:
        registered.enrol_one(connection, schedule, datetime.now(UTC))
        before = registered.paused(connection, [name]).get(name)
        if because or before is None:  # a reason that was given is not replaced by none
            registered.pause(connection, name, because or "by hand")
    did = "paused" if before is None else f"was already {before}"
    now = f"; now because: {because}" if before is not None and because else ""
    print(f"{name}: {did}{now}; resume with `midnight schedule resume {name}`")


@app.command("resume")
def resume(name: Name, file: SchedulesAt = SCHEDULES) -> None:
    """Resume a paused schedule, even one paused by a failed run."""
    from chaos.schedule import registered

    _schedule(_load(file), name)
    with _database() as connection:
        before = registered.paused(connection, [name])
        registered.resume(connection, name)
    print(f"{name}: {'resumed' if before else 'was not paused'}")


@app.command("run-now")
def run_now(name: Name, file: SchedulesAt = SCHEDULES) -> int:
    """Run a schedule now. The run is recorded and notified like any other; exits with its code."""
    from chaos import database
    from chaos.schedule import run_now as by_hand

    found = _load(file, fitting=True)
    opened = database.connect(database.address())
    return by_hand.run_now(opened, found, _schedule(found, name), _say)


@app.command("validate")
def validate(file: Checked = None, option: SchedulesAt = SCHEDULES) -> None:
    """Validate a schedule file. Checks that its experiments, targets and profiles exist and fit, and warns of secrets
    that are not set here."""
    from chaos.schedule import missing_secrets

    path = file or option
    found = _load(path, fitting=True)
    print(f"{path}: {many(len(found.schedules), 'valid schedule')}")
    for line in missing_secrets.missing(found):
        say(f"{path}: warning: {line}")


def _load(path: Path, *, fitting: bool = False) -> ScheduleFile:
    from chaos.schedule import file
    from chaos.spec import named_files

    if path == SCHEDULES and not path.exists():
        example = named_files.shipped("schedules") / "example.yaml"
        raise UsageError(
            f"no {SCHEDULES} here: copy {example} to {SCHEDULES} and edit it, or name a file with -f FILE"
        )
    return file.load(path, fitting=fitting)


def _schedule(found: ScheduleFile, name: str) -> Schedule:
    for schedule in found.schedules:
        if schedule.name == name:
            return schedule
    known = ", ".join(schedule.name for schedule in found.schedules)
    raise UsageError(f"no schedule {name!r}; known: {known}")


@contextmanager
def _database() -> Iterator[Connection]:
    from chaos import database
    from chaos.schedule import tables  # noqa: F401  so that missing tables are created

    with database.connect(database.address()).begin() as connection:
        yield connection


def _short(text: str) -> str:
    return text[:16].replace("T", " ")


def _say(line: str) -> None:
    log.info("%s", line, extra=PRINTED)
    print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}", file=sys.stderr, flush=True)
