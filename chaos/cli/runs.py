"""`midnight runs`, `midnight report RUN`, `midnight judge RUN`: stored runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from chaos import judge as judging
from chaos import store
from chaos.cli.output import tell
from chaos.heal import is_locked
from chaos.journal import Journal
from chaos.reports.terminal import print_verdict
from chaos.store import RunDir

Json = Annotated[bool, typer.Option("--json", help="For a machine.")]
Reference = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id, its beginning, a path, or `latest`.")
]
Objectives = Annotated[
    Path | None, typer.Option("--slo", metavar="FILE", help="Judge by the SLOs of this file.")
]


def runs(json_: Json = False) -> None:
    """List the stored runs, newest last."""
    rows = [_row(run) for run in store.all_runs()]
    if json_:
        print(json.dumps(rows, indent=1))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("run", "experiment", "profile", "seed", "verdict"):
        table.add_column(column, no_wrap=column == "run")
    for row in rows:
        table.add_row(*(str(row[column]) for column in ("run", "experiment", "profile", "seed", "verdict")))
    Console(highlight=False).print(table)


def report(run: Reference) -> None:
    """Render a stored run's report anew and print where it lies."""
    run_dir = store.find_run(run)
    verdict = judging.judge_run(run_dir)
    # It brings matplotlib, which no other command waits for; and its memory is not added to that of judging.
    from chaos.reports.html import write_report

    print(write_report(run_dir, verdict))


def judge(run: Reference, slo: Objectives = None, json_: Json = False) -> int:
    """Judge a stored run again, by its own objectives or by those of a file. Touches no target."""
    run_dir = store.find_run(run)
    verdict = judging.judge_run(run_dir, slo)
    if json_:
        tell(lambda: print(json.dumps(verdict.to_json(), indent=1)))
    else:
        tell(lambda: print_verdict(run_dir, verdict, Console(highlight=False)))
    return verdict.exit_code


def _row(run: RunDir) -> dict[str, Any]:
    about = Journal(run).about
    verdict = "being played" if is_locked(run) else "none"
    if run.verdict.is_file():
        verdict = json.loads(run.verdict.read_text())["verdict"]
    return {
        "run": run.id,
        "experiment": about["experiment"]["name"],
        "target": about["target"]["name"],
        "profile": about["profile"],
        "seed": about["seed"],
        "verdict": verdict,
        "path": str(run.path),
    }
