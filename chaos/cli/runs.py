"""`midnight report RUN`, `midnight judge RUN`: one stored run, rendered or judged again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chaos.checks import rejudge as judging
from chaos.checks import suite
from chaos.cli.output import Json, tell
from chaos.cli.playing import history
from chaos.errors import UsageError
from chaos.record import store
from chaos.reports.terminal import print_verdict

Reference = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id, its beginning, a path, or `latest`.")
]
Objectives = Annotated[
    Path | None, typer.Option("--slo", metavar="FILE", help="Judge by the SLOs of this file.")
]


def report(run: Reference) -> None:
    """Render a stored run's report anew and print where it lies."""
    run_dir = store.find_run(run)
    parts = suite.parts(run_dir)
    verdict = judging.judge_run(run_dir) if parts is None else suite.judge(run_dir, parts)
    earlier = history(verdict)
    # It brings matplotlib, which no other command waits for; and its memory is not added to that of judging.
    if parts is not None:
        from chaos.reports.drill_page import write_suite_report

        print(write_suite_report(run_dir, verdict, parts, earlier))
        return
    from chaos.reports.html import write_report

    print(write_report(run_dir, verdict, earlier))


def judge(run: Reference, slo: Objectives = None, json_: Json = False) -> int:
    """Judge a stored run again, by its own objectives or by those of a file. Touches no target."""
    run_dir = store.find_run(run)
    parts = suite.parts(run_dir)
    if parts is not None and slo is not None:
        raise UsageError("--slo judges one run; a suite has several, and each its own objectives")
    verdict = judging.judge_run(run_dir, slo) if parts is None else suite.judge(run_dir, parts)
    if json_:
        tell(lambda: print(json.dumps(verdict.to_json(), indent=1)))
    else:
        tell(lambda: print_verdict(run_dir, verdict, Console(highlight=False)))
    return verdict.exit_code
