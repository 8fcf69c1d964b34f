"""`midnight report RUN`, `midnight judge RUN`, `midnight explain RUN`: a stored run rendered, judged or explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chaos.cli.options import Json, Reference
from chaos.console.output import tell
from chaos.errors import UsageError
from chaos.play import stored
from chaos.reports.terminal import print_verdict

Objectives = Annotated[Path | None, typer.Option("--slo", metavar="FILE", help="Judge by the SLOs in FILE.")]


Format = Annotated[
    str, typer.Option("--format", metavar="NAME", help="html, json, openmetrics, or a format of a plug-in.")
]
Output = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write to FILE, not to the run's directory.")
]


def report(run: Reference, format_: Format = "html", output: Output = None) -> None:
    """Render the report of a stored run again and print its path."""
    try:
        print(stored.report(stored.ended(run), format_, output))
    except OSError as error:
        if output is None:
            raise
        raise UsageError(f"{output}: cannot be written: {error.strerror}") from None


def judge(run: Reference, slo: Objectives = None, json_: Json = False) -> int:
    """Judge a stored run again. Uses its own SLOs, or those of --slo, which get a report of their own. Touches no
    target."""
    run_dir = stored.ended(run)
    verdict = stored.judge(run_dir, slo)
    report = None if slo is None else stored.report_by(run_dir, verdict, slo)
    if json_:
        tell(lambda: print(json.dumps(verdict.to_json(), indent=1)))
    else:
        tell(lambda: print_verdict(run_dir, verdict, Console(highlight=False), report))
    return verdict.exit_code


def explain(run: Reference, json_: Json = False) -> None:
    """Explain a run on one page of plain sentences: what happened, in order, and what to fix."""
    story = stored.explain(stored.ended(run))
    if json_:
        tell(lambda: print(json.dumps(story.to_json(), indent=1)))
    else:
        tell(lambda: print(*story.lines(), sep="\n"))
