"""`midnight metrics`: what midnight knows, for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaos.cli.options import SCHEDULES, SchedulesAt

Textfile = Annotated[
    Path | None,
    typer.Option(metavar="FILE.prom", help="Replace FILE.prom, for node_exporter's textfile collector."),
]


def metrics(textfile: Textfile = None, file: SchedulesAt = SCHEDULES) -> None:
    """Print metrics for Prometheus: last verdicts, drills, schedules, runs in progress.

    `midnight schedule run --metrics 127.0.0.1:9464` serves the same.
    """
    from chaos.metrics import collecting, out  # imports SQLAlchemy: slow

    registry = collecting.registry(collecting.schedules_of(file))
    if textfile is not None:
        out.write_file(textfile, registry)
    else:
        print(out.text(registry), end="")
