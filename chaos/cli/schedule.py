"""`midnight schedule ...`: run experiments on a schedule."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos.cli.diagnostics import PRINTED
from chaos.cli.options import Json
from chaos.console.output import print_whole
from chaos.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from chaos.schedule.file import ScheduleFile
    from chaos.schedule.schedule import Schedule

log = logging.getLogger(__name__)

app = typer.Typer(help="Run experiments on a schedule: nightly, monthly, cron.", no_args_is_help=True)

File = Annotated[Path, typer.Option("--file", "-f", help="Schedule file.", envvar="MIDNIGHT_SCHEDULES")]
Name = Annotated[str, typer.Argument(help="Schedule name.")]
Count = Annotated[int, typer.Option("-n", min=1, max=10_000, help="How many starts to print.")]
Reason = Annotated[str, typer.Option("--because", help="Reason, shown by `list` and recorded.")]
Checked = Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Schedule file.")]

DEFAULT = Path("schedules.yaml")


@app.command("run")
def run(file: File = DEFAULT) -> None:
    """Run the scheduler in the foreground. SIGTERM stops it; SIGHUP reloads the file."""
    from chaos.schedule import service  # imports APScheduler: slow

    service.run(file, _say)


@app.command("list")
def list_(file: File = DEFAULT, json_: Json = False) -> None:
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
        for words in filter(None, (row["paused"], (row["last"] or {}).get("because"))):
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
        following = "paused" if row["paused"] else _short(row["next"] or "never")
        cells = (row["name"], row["when"], row["timezone"], following, _short(last["due"]))
        table.add_row(*map(Text, cells), last["event"] or last["state"])
    return table


@app.command("next")
def next_(file: File = DEFAULT, n: Count = 10, json_: Json = False) -> None:
    """Print the next starts of all schedules, and which of them a pause or blackout blocks."""
    from chaos.schedule import status

    found = _load(file)
    with _database() as connection:
        coming = status.coming(found, connection, datetime.now(UTC), n)
    if json_:
        print(json.dumps([each._asdict() for each in coming], indent=1, default=str))
        return
    for each in coming:
        print(f"{each.start:%Y-%m-%d %H:%M:%S} UTC  {each.local}  {each.schedule}  {each.note}".rstrip())


@app.command("pause")
def pause(name: Name, file: File = DEFAULT, because: Reason = "") -> None:
    """Pause a schedule until `resume`. Runs that come due meanwhile are skipped."""
    from chaos.schedule import registered

    schedule = _schedule(_load(file), name)
    with _database() as connection:
        registered.enrol_one(connection, schedule, datetime.now(UTC))
        registered.pause(connection, name, because or "by hand")
    print(f"{name}: paused; resume with `midnight schedule resume {name}`")


@app.command("resume")
def resume(name: Name, file: File = DEFAULT) -> None:
    """Resume a paused schedule, even one paused by a failed run."""
    from chaos.schedule import registered

    _schedule(_load(file), name)
    with _database() as connection:
        registered.resume(connection, name)
    print(f"{name}: resumed")


@app.command("run-now")
def run_now(name: Name, file: File = DEFAULT) -> int:
    """Run a schedule now. The run is recorded and notified like any other; exits with its code."""
    from chaos import database
    from chaos.schedule import run_now as by_hand

    found = _load(file)
    opened = database.connect(database.address())
    return by_hand.run_now(opened, found, _schedule(found, name), _say)


@app.command("validate")
def validate(file: Checked = None, option: File = DEFAULT) -> None:
    """Validate a schedule file, and that its experiments, targets and profiles exist and fit."""
    path = file or option
    found = _load(path)
    print(f"{path}: {len(found.schedules)} valid schedules")


def _load(path: Path) -> ScheduleFile:
    from chaos.schedule import file

    return file.load(path)


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
