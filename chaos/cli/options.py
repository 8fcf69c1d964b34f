"""Options shared by several commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from chaos.errors import UsageError

Json = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
"""With it, standard output is pure JSON; everything else goes to standard error."""

Reference = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="Run id, unique prefix of one, path, `latest`, or `latest:EXPERIMENT`."
    ),
]
SchedulesAt = Annotated[
    Path, typer.Option("--file", "-f", help="Schedule file.", envvar="MIDNIGHT_SCHEDULES")
]
SCHEDULES = Path("schedules.yaml")
"""The schedule file of the working directory."""

With = Annotated[
    str | None,
    typer.Option(
        "--with",
        metavar="monitoring",
        help="Bring up Prometheus, Alertmanager and two exporters beside the target.",
    ),
]


def monitored(given: str | None) -> bool:
    """True for `--with monitoring`. Raises UsageError for anything else."""
    if given not in (None, "monitoring"):
        raise UsageError(f"--with {given}: must be monitoring")
    return given is not None


def dsn_of(given: str | None, name: str | None) -> str | None:
    """A connection string for libpq. Raises UsageError."""
    from psycopg.conninfo import make_conninfo

    from chaos.access.secrets import SecretReader

    if given and name:
        raise UsageError("--dsn and --dsn-env name the same thing: give one of them")
    if name and not (given := os.environ.get(name)):
        raise UsageError(f"--dsn-env: the environment variable {name} is not set")
    if not given:
        return None
    parts = SecretReader().take_apart(given, "--dsn" if not name else f"--dsn-env {name}")
    return make_conninfo(**parts.options, **({"password": parts.password} if parts.password else {}))
