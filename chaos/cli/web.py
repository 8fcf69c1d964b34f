"""`midnight web`: the morning page."""

from __future__ import annotations

from typing import Annotated

import typer

from chaos.cli.options import SCHEDULES, SchedulesAt
from chaos.console.output import say
from chaos.errors import UsageError

Listen = Annotated[str, typer.Option(metavar="HOST:PORT", help="Listen here; loopback by default.")]


def web(listen: Listen = "127.0.0.1:8642", file: SchedulesAt = SCHEDULES) -> None:
    """Serve the morning page: last night, a calendar of nights, trends, drills, schedules, runs in progress.

    Read-only. Needs `pip install 'midnight-chaos[web]'`.
    """
    try:
        from chaos.web import serving  # Starlette and uvicorn: an extra
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise UsageError("to serve pages, type: pip install 'midnight-chaos[web]'") from None
    serving.serve(listen, file, say)
