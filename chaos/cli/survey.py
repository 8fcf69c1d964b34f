"""`midnight survey`: what this machine plans for the night, and where its jobs collide."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chaos.cli.options import Json, dsn_of
from chaos.console.output import say, tell
from chaos.errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from chaos.survey.night import Night

Manifests = Annotated[
    list[Path] | None, typer.Argument(metavar="FILE...", help="Compose files and Kubernetes manifests.")
]
Begin = Annotated[str, typer.Option("--from", metavar="HH:MM", help="Start of the night.")]
End = Annotated[str, typer.Option("--to", metavar="HH:MM", help="End of the night.")]
Day = Annotated[str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="Evening of the night.")]
RootDir = Annotated[
    Path | None,
    typer.Option("--root", metavar="DIR", help="A copied root directory or /etc; nothing else is read."),
]
Dsn = Annotated[
    str | None, typer.Option("--dsn", metavar="DSN", help="PostgreSQL, for pg_cron and autovacuum.")
]
DsnEnv = Annotated[
    str | None, typer.Option("--dsn-env", metavar="NAME", help="Environment variable that holds the DSN.")
]
JobStores = Annotated[
    list[str] | None,
    typer.Option("--apscheduler", metavar="URL", help="APScheduler job store: sqlite:///FILE."),
]
Journal = Annotated[
    Path | None,
    typer.Option("--journal", metavar="FILE", help="Journal exported by journalctl -o json or export."),
]
HtmlFile = Annotated[
    Path | None, typer.Option("--html-file", metavar="FILE", help="Write the page to this file.")
]
Write = Annotated[
    Path | None, typer.Option("--write", metavar="FILE", help="Write an experiment that replays the night.")
]


def survey(
    files: Manifests = None,
    begin: Begin = "22:00",
    end: End = "06:00",
    day: Day = None,
    root: RootDir = None,
    dsn: Dsn = None,
    dsn_env: DsnEnv = None,
    apscheduler: JobStores = None,
    journal: Journal = None,
    html_file: HtmlFile = None,
    write: Write = None,
    json_: Json = False,
) -> None:
    """Show what this machine plans for the night: cron, anacron, systemd timers, logrotate, pg_cron, CronJobs, job
    stores and certificates, each in its own time zone, and where they collide. Runs and changes nothing."""
    # imports the database client and YAML: slow, and must not delay the start of another command
    from chaos.survey import document, page, reading, replay, shown
    from chaos.survey.machine import Machine
    from chaos.survey.root import Root

    if root is not None and not root.is_dir():
        raise UsageError(f"--root: no such directory: {root}")
    for path in files or ():
        if not path.exists():
            raise UsageError(f"no such file: {path}")
    machine = Machine(Root.of(root) if root is not None else Root(Path("/")))
    sources = reading.Sources(tuple(files or ()), tuple(apscheduler or ()), dsn_of(dsn, dsn_env), journal)
    found = reading.survey(machine, _night(machine.zone, begin, end, day), sources)
    if html_file is not None:
        _write("--html-file", html_file, lambda: page.write(found, html_file))
        say(f"page: {html_file}")
    if write is not None:
        _write("--write", write, lambda: replay.write(found, write))
        say(f"experiment: {write}; check it: midnight validate {write}")
    if json_:
        tell(lambda: print(json.dumps(document.document(found), indent=1)))
    else:
        tell(lambda: print("\n".join(shown.lines(found))))


def _write(option: str, path: Path, write: Callable[[], object]) -> None:
    """Raises UsageError."""
    try:
        write()
    except OSError as error:
        raise UsageError(f"{option}: cannot write {path}: {error.strerror or error}") from error


def _night(zone: ZoneInfo, begin: str, end: str, day: str | None) -> Night:
    """Raises UsageError."""
    from chaos.survey.night import Night

    if day is None:
        evening = datetime.now(zone).date()
    else:
        try:
            evening = date.fromisoformat(day)
        except ValueError:
            raise UsageError(f"--date must be a date such as 2026-11-27, got {day!r}") from None
    if not 1971 <= evening.year <= 2199:
        raise UsageError(f"--date must be between 1971 and 2199, got {day!r}")
    return Night.of(evening, _clock("--from", begin), _clock("--to", end), zone)


def _clock(option: str, text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise UsageError(f"{option} must be a time of day such as 22:00, got {text!r}") from None
