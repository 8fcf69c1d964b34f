"""`midnight web`: the morning page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaos.cli.options import SCHEDULES, SchedulesAt
from chaos.console.output import say
from chaos.errors import UsageError

Listen = Annotated[str, typer.Option(metavar="HOST:PORT", help="Listen here; loopback by default.")]
AllowRun = Annotated[
    bool,
    typer.Option(
        "--allow-run", help="Let token holders start and stop runs and pause schedules; prints a token."
    ),
]
TokensAt = Annotated[
    Path | None,
    typer.Option(
        "--tokens",
        metavar="FILE",
        envvar="MIDNIGHT_WEB_TOKENS",
        help="With --allow-run: file with a line `NAME TOKEN` per person, instead of a printed token.",
    ),
]


def web(
    listen: Listen = "127.0.0.1:8642",
    file: SchedulesAt = SCHEDULES,
    allow_run: AllowRun = False,
    tokens: TokensAt = None,
) -> None:
    """Serve the morning page: last night, a calendar of nights, trends, drills, schedules, runs in progress.

    Read-only without --allow-run. Needs `pip install 'midnight-chaos[web]'`.
    """
    try:
        from chaos.web import serving  # Starlette and uvicorn: an extra
        from chaos.web import tokens as known
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise UsageError("to serve pages, type: pip install 'midnight-chaos[web]'") from None
    holders = None
    if tokens is not None and not allow_run:
        raise UsageError("--tokens, or MIDNIGHT_WEB_TOKENS, requires --allow-run")
    if allow_run:
        holders = known.load(tokens) if tokens is not None else known.new()
    serving.serve(listen, file, say, tokens=holders)
