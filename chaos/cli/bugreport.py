"""`midnight bugreport RUN`: all that a maintainer needs, in one file to review and send."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chaos.cli.options import Reference

Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Archive to write.")]


def bugreport(run: Reference, output: Output = None) -> None:
    """Pack a run for a bug report: records, versions, doctor output. Replaces secrets and names. Sends nothing."""
    # imports every tool and the engine: slow, and must not delay the start of another command
    from chaos import bugreport as reports
    from chaos.bugreport.readme import counted

    run_dir = reports.located(run)
    report = reports.collect(run_dir)
    path = reports.write(run_dir, report, output)
    print(path)
    for name, text in report.files.items():
        print(f"  {name}, {len(text.encode())} bytes")
    print(f"replaced: {'; '.join(counted(report.replaced)) or 'no names'}; secrets are masked")
    print(f"Review it before you send it: tar -xzf {path}")
