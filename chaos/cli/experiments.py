"""`midnight list`, `midnight validate [FILE...]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chaos.cli.options import Json
from chaos.console.output import print_whole
from chaos.errors import ExitCode, UsageError
from chaos.play import kinds
from chaos.spec import kind, named_files, slofile, yamlfile
from chaos.spec import target as targets
from chaos.spec.target import Target as TargetFile

if TYPE_CHECKING:
    from rich.table import Table

Files = Annotated[
    list[str] | None,
    typer.Argument(help="Files of any kind. Default: all experiments and targets found."),
]
Target = Annotated[str, typer.Option(help="Target to validate the experiment against.")]


def list_(json_: Json = False) -> None:
    """List experiments and targets, local and built-in."""
    rows = []
    for name, path in sorted(named_files.available("experiments").items()):
        rows.append({"name": name, **asdict(kinds.of_file(path).summary()), "file": str(path)})
    if json_:
        print(json.dumps(rows, indent=1))
        return
    from rich.console import Console

    terminal = Console(highlight=False)
    show = terminal.print if terminal.is_terminal else print_whole  # in a pipe, one line each
    show(_table(("name", "play", "steps", "title"), rows))
    terminal.print()
    show(_table(("target", "driver", "title"), _targets()))


def _targets() -> list[dict[str, str]]:
    found = [targets.load(path) for _, path in sorted(named_files.available("targets").items())]
    return [{"target": each.name, "driver": each.driver, "title": each.title} for each in found]


def _table(columns: tuple[str, ...], rows: list[dict[str, str]]) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0)
    for row in rows:
        table.add_row(*(row[column] for column in columns))
    return table


def validate(files: Files = None, target: Target = "embedded") -> int:
    """Validate files. Prints one line for each broken rule: file, line, place, rule and value."""
    paths = [Path(file) for file in files or ()] or [
        *named_files.available("experiments").values(),
        *named_files.available("targets").values(),
    ]
    broken = 0
    for path in paths:
        try:
            what, warnings = _validate_one(path, target)
        except UsageError as error:
            broken += 1
            for line in error.lines:
                print(f"midnight: {line}", file=sys.stderr)
        else:
            print(f"{path}: valid {what}")
            for warning in warnings:
                print(f"midnight: {path}: warning: {warning}", file=sys.stderr)
    return ExitCode.USAGE if broken else ExitCode.PASS


def _roles(target: TargetFile) -> str:
    """`, with the routes items (read, guessed), add (write)`; nothing without routes."""
    routes = [
        f"{name} ({route.played_as}{'' if route.role else ', guessed'})"
        for name, route in target.routes.items()
    ]
    return f", with the routes {', '.join(routes)}" if routes else ""


def _validate_one(path: Path, target: str) -> tuple[str, Sequence[str]]:
    """Return the kind of the file, and its warnings. Raises UsageError."""
    if slofile.holds_only_objectives(path):
        from chaos.checks import rejudge  # slow: imports every check

        rejudge.check_objectives(path)
        return "SLO file", ()
    document = yamlfile.read_mapping(path)
    if "schedules" in document:
        from chaos.schedule import file

        file.load(path)
        return "schedule file", ()
    if "driver" in document or "routes" in document:
        from chaos.plan import build as plans

        return f"target{_roles(plans.check_target(path))}", ()
    if path.absolute().parent.name == "profiles" and "load" not in document:
        from chaos.plan import build as plans

        return f"profile of {', '.join(plans.check_profile(path))}", ()
    return kind.of_document(document).value, kinds.of_file(path).warnings(target)
