"""`midnight errors FILE...`: the error stacks in logs, grouped and ranked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from chaos.cli.options import Json
from chaos.console.output import say, tell
from chaos.errors import ExitCode
from chaos.log_errors import reading, show

Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="Log files, compressed or not; - reads standard input."),
]
When = "this UTC instant or age, e.g. 2026-11-27T00:00 or 2h. Errors without a date are always shown."
Since = Annotated[str | None, typer.Option(metavar="WHEN", help=f"Only errors since {When}")]
Until = Annotated[str | None, typer.Option(metavar="WHEN", help=f"Only errors until {When}")]
Top = Annotated[int, typer.Option(min=0, metavar="N", help="Show the N most frequent (0 = all).")]
Full = Annotated[bool, typer.Option("--full", help="Show a stack of each group.")]


def errors(
    files: Files,
    since: Since = None,
    until: Until = None,
    json_: Json = False,
    top: Top = 20,
    full: Full = False,
) -> int:
    """Group the errors in logs by exception and place, the most frequent first. Stacks of Python, Java, Go and Node."""
    found = reading.read(files, _seconds(since), _seconds(until, end_of_day=True))
    if json_:
        tell(lambda: print(json.dumps(show.as_json(found, top), indent=1)))
    else:
        tell(lambda: print(*show.as_text(found, top, full=full), sep="\n", end="\n" if found.files else ""))
    for because in found.unread:
        say(because)
    return ExitCode.USAGE if found.unread else ExitCode.PASS


def _seconds(text: str | None, *, end_of_day: bool = False) -> float | None:
    from chaos.history.query import (
        instant,
    )  # brings SQLAlchemy, which a command without a date does not wait for

    if text is None:
        return None
    return datetime.fromisoformat(instant(text, datetime.now(UTC), end_of_day=end_of_day)).timestamp()
