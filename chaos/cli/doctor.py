"""`midnight doctor`: every part of the stack, where it is, and how to get it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chaos.cli.output import Json
from chaos.tools import doctor as parts
from chaos.tools import toxiproxy_release
from chaos.tools.part import Found, Missing, Part

_LOOKED, _COULD_NOT_GET = 2, 5  # exit codes when something required is missing
_WIDE = 240  # columns where no terminal sets a width: a remedy has to stay one line to be copied

Answers = Sequence[tuple[Part, Found | Missing]]


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Get what is missing.")] = False,
    pin: Annotated[
        bool, typer.Option("--pin", help="Fetch Toxiproxy's release binary and record its checksum.")
    ] = False,
    json_: Json = False,
) -> None:
    """List every part of the stack: version, where it was found, and how to get it when missing."""
    if pin:
        with tempfile.TemporaryDirectory() as scratch:
            typer.echo(toxiproxy_release.pin(Path(scratch)), err=True)
    answers = list(parts.fix(_say_getting) if fix else parts.examine())
    if json_:
        typer.echo(json.dumps([_record(part, answer) for part, answer in answers], indent=2))
    else:
        _print(answers)
    if any(part.REQUIRED and isinstance(answer, Missing) for part, answer in answers):
        raise typer.Exit(_COULD_NOT_GET if fix else _LOOKED)


def _say_getting(missing: Missing) -> None:
    typer.echo(f"{missing.part}: {missing.because}; getting it", err=True)


def _record(part: Part, answer: Found | Missing) -> dict[str, object]:
    return {"found": isinstance(answer, Found), "required": part.REQUIRED, **asdict(answer)}


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
    # Under the table and not in it: what has to be typed must not be folded into a column.
    for part, answer in answers:
        if isinstance(answer, Missing):
            need = "MISSING" if part.REQUIRED else "not here"
            typer.echo(f"{answer.part}: {need}: {answer.because}\n    {answer.remedy}")
