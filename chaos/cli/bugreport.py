"""`midnight bugreport RUN`: what a maintainer needs, in one file to look through and to send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaos import bugreport as reports
from chaos.bugreport.readme import counted

Reference = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id, its beginning, a path, or `latest`.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="The archive to write.")]


def bugreport(run: Reference, output: Output = None) -> None:
    """Pack a run's records, versions and the doctor's findings, with secrets and names replaced. Sends nothing."""
    run_dir = reports.located(run)
    report = reports.collect(run_dir)
    path = reports.write(run_dir, report, output)
    print(path)
    for name, text in report.files.items():
        print(f"  {name}, {len(text.encode())} bytes")
    print(f"replaced: {'; '.join(counted(report.replaced)) or 'no names'}; secrets are masked")
    print(f"Look through it before you send it: tar -xzf {path}")
