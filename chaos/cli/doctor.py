"""`midnight doctor`: list the parts of the stack, where they are and how to get them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chaos.cli.options import Json
from chaos.errors import ExitCode
from chaos.tools.part import Found, Missing, Part

_WIDE = 240  # columns if no terminal sets a width: keep each fix on one line, to be copied

Answers = Sequence[tuple[Part, Found | Missing]]


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Install missing parts.")] = False,
    pin: Annotated[
        bool, typer.Option("--pin", help="Download Toxiproxy's release binary and record its checksum.")
    ] = False,
    json_: Json = False,
) -> None:
    """Check this machine's tools. Lists each part of the stack with version and path, or how to get it."""
    # imports every tool: slow, and must not delay the start of another command
    from chaos.tools import doctor as parts
    from chaos.tools import toxiproxy_release

    if pin:
        with tempfile.TemporaryDirectory() as scratch:
            typer.echo(toxiproxy_release.pin(Path(scratch)), err=True)
    answers = list(parts.fix(_say_getting) if fix else parts.examine())
    if json_:
        typer.echo(json.dumps([parts.record(part, answer) for part, answer in answers], indent=2))
    else:
        _print(answers)
    if any(part.REQUIRED and isinstance(answer, Missing) for part, answer in answers):
        raise typer.Exit(ExitCode.FAILED if fix else ExitCode.USAGE)


def _say_getting(missing: Missing) -> None:
    typer.echo(f"{missing.part}: {missing.because}; installing it", err=True)


def _print(answers: Answers) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDE)
    table = Table(box=None, pad_edge=False)
    for heading in ("part", "version", "where", "source"):
        table.add_column(heading, overflow="fold")
    for _, answer in answers:
        if isinstance(answer, Found):
            table.add_row(answer.part, answer.version, answer.where, answer.source)
    console.print(table)
    # Below the table, not in it: commands to copy must not be wrapped in a column.
    for part, answer in answers:
        if isinstance(answer, Missing):
            need = "MISSING" if part.REQUIRED else "not found, optional"
            typer.echo(f"{answer.part}: {need}: {answer.because}\n    {answer.remedy}")
