"""`midnight list`, `midnight show NAME`, `midnight validate [FILE...]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from chaos.checks import rejudge
from chaos.checks import suite as suites
from chaos.cli.output import Json
from chaos.errors import UsageError
from chaos.plan import build as plans
from chaos.plan import suite as suite_plan
from chaos.spec import experiment as experiments
from chaos.spec import restore_experiment, slofile, yamlfile
from chaos.spec import target as targets
from chaos.spec.restore_experiment import is_restore
from chaos.spec.units import show_seconds

Files = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files of experiments, targets or objectives; all experiments and targets that are found if not given."
    ),
]
Name = Annotated[str, typer.Argument(help="An experiment's name or a path to its file.")]
Target = Annotated[str, typer.Option(help="The target that the experiment is validated against.")]


def list_(json_: Json = False) -> None:
    """List the experiments and the targets that are found here, and those that ship."""
    rows = []
    for name, path in sorted(yamlfile.available("experiments").items()):
        rows.append({"name": name, **_summary(path), "file": str(path)})
    if json_:
        print(json.dumps(rows, indent=1))
        return
    terminal = Console(highlight=False)
    terminal.print(_table(("name", "play", "steps", "title"), rows))
    terminal.print()
    terminal.print(_table(("target", "driver", "title"), _targets()))


def _summary(path: Path) -> dict[str, str]:
    if is_restore(yamlfile.read_mapping(path)):
        restore = restore_experiment.load(path)
        return {"play": show_seconds(restore.restore.within), "steps": "restore", "title": restore.title}
    if suites.is_suite(path):
        suite = suites.load(path)
        parts = ", ".join(each.experiment for each in suite.scenarios)
        return {"play": "", "steps": parts, "title": suite.title}
    found = experiments.load(path)
    steps = ", ".join(step.name for step in found.steps)
    return {"play": show_seconds(found.load.length), "steps": steps, "title": found.title}


def _targets() -> list[dict[str, str]]:
    found = [targets.load(path) for _, path in sorted(yamlfile.available("targets").items())]
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
    path = yamlfile.search(name, "experiments")
    _summary(path)
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
            what, warnings = _validate_one(path, target)
        except UsageError as error:
            broken += 1
            print(f"midnight: {error}", file=sys.stderr)
        else:
            print(f"{path}: a valid {what}")
            for warning in warnings:
                print(f"midnight: {path}: warning: {warning}", file=sys.stderr)
    return 2 if broken else 0


def _validate_one(path: Path, target: str) -> tuple[str, list[str]]:
    """What the file is, and what is odd about it. Raises UsageError."""
    if slofile.stands_alone(path):
        rejudge.check_objectives(path)
        return "file of objectives", []
    document = yamlfile.read_mapping(path)
    if "driver" in document or "routes" in document:
        plans.check_target(path)
        return "target", []
    if is_restore(document):
        restore_experiment.load(path)
        return "experiment", []
    built = suite_plan.build(path, target) if suites.is_suite(path) else [plans.build(str(path), target)]
    return "experiment", [warning for plan in built for warning in plan.warnings]
