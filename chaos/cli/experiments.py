"""`midnight list`, `midnight show NAME`, `midnight validate [FILE...]`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chaos.checks import rejudge
from chaos.cli.options import Json
from chaos.errors import ExitCode, UsageError
from chaos.plan import build as plans
from chaos.play import kinds
from chaos.spec import named_files, slofile, yamlfile
from chaos.spec import target as targets

Files = Annotated[
    list[str] | None,
    typer.Argument(help="Files of experiments, targets or SLOs. Default: all experiments and targets found."),
]
Name = Annotated[str, typer.Argument(help="Experiment name or path to its file.")]
Target = Annotated[str, typer.Option(help="Target to validate the experiment against.")]


def list_(json_: Json = False) -> None:
    """List experiments and targets, local and built-in."""
    rows = []
    for name, path in sorted(named_files.available("experiments").items()):
        rows.append({"name": name, **asdict(kinds.of_file(path).summary()), "file": str(path)})
    if json_:
        print(json.dumps(rows, indent=1))
        return
    terminal = Console(highlight=False)
    terminal.print(_table(("name", "play", "steps", "title"), rows))
    terminal.print()
    terminal.print(_table(("target", "driver", "title"), _targets()))


def _targets() -> list[dict[str, str]]:
    found = [targets.load(path) for _, path in sorted(named_files.available("targets").items())]
    return [{"target": each.name, "driver": each.driver, "title": each.title} for each in found]


def _table(columns: tuple[str, ...], rows: list[dict[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0)
    for row in rows:
        table.add_row(*(row[column] for column in columns))
    return table


def show(name: Name) -> None:
    """Print an experiment's file."""
    path = named_files.search(name, "experiments")
    kinds.of_file(path).summary()  # refuses a broken file
    print(f"# {path}")
    print(path.read_text(), end="")


def validate(files: Files = None, target: Target = "embedded") -> int:
    """Validate files. Prints one line for each broken file: file, line, place, rule and value."""
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
            print(f"midnight: {error}", file=sys.stderr)
        else:
            print(f"{path}: a valid {what}")
            for warning in warnings:
                print(f"midnight: {path}: warning: {warning}", file=sys.stderr)
    return ExitCode.USAGE if broken else ExitCode.PASS


def _validate_one(path: Path, target: str) -> tuple[str, Sequence[str]]:
    """Return the kind of the file, and its warnings. Raises UsageError."""
    if slofile.holds_only_objectives(path):
        rejudge.check_objectives(path)
        return "SLO file", ()
    document = yamlfile.read_mapping(path)
    if "driver" in document or "routes" in document:
        plans.check_target(path)
        return "target", ()
    return "experiment", kinds.of_file(path).warnings(target)
