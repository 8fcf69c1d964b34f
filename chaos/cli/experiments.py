"""`midnight list`, `midnight show NAME`, `midnight validate [FILE...]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chaos import experiment as experiments
from chaos import plan as plans
from chaos import yamlfile
from chaos.errors import UsageError
from chaos.units import show_seconds

Json = Annotated[bool, typer.Option("--json", help="For a machine.")]
Files = Annotated[
    list[str] | None, typer.Argument(help="Experiment or target files; all that are found if not given.")
]
Name = Annotated[str, typer.Argument(help="An experiment's name or a path to its file.")]
Target = Annotated[str, typer.Option(help="The target that the experiment is validated against.")]


def list_(json_: Json = False) -> None:
    """List the experiments that are found here, and those that ship."""
    rows = []
    for name, path in sorted(yamlfile.available("experiments").items()):
        found = experiments.load(path)
        steps = ", ".join(step.name for step in found.steps)
        play = show_seconds(found.load.length)
        rows.append({"name": name, "play": play, "steps": steps, "title": found.title, "file": str(path)})
    if json_:
        print(json.dumps(rows, indent=1))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("name", "play", "steps", "title"):
        table.add_column(column, no_wrap=column == "name")
    for row in rows:
        table.add_row(row["name"], row["play"], row["steps"], row["title"])
    Console(highlight=False).print(table)


def show(name: Name) -> None:
    """Print an experiment's file."""
    path = yamlfile.search(name, "experiments")
    experiments.load(path)
    print(f"# {path}")
    print(path.read_text(), end="")


def validate(files: Files = None, target: Target = "embedded") -> int:
    """Check files; one line for each broken one, naming file, line, place, rule and value."""
    paths = [Path(file) for file in files or ()] or [
        *yamlfile.available("experiments").values(),
        *yamlfile.available("targets").values(),
    ]
    broken = 0
    for path in paths:
        try:
            what = _validate_one(path, target)
        except UsageError as error:
            broken += 1
            print(f"midnight: {error}", file=sys.stderr)
        else:
            print(f"{path}: a valid {what}")
    return 2 if broken else 0


def _validate_one(path: Path, target: str) -> str:
    document = yamlfile.read_mapping(path)
    if "driver" in document or "routes" in document:
        plans.check_target(path)
        return "target"
    plans.build(str(path), target)
    return "experiment"
