"""`midnight schema KIND`: a JSON schema of the files that users write."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from chaos.console.output import tell
from chaos.errors import UsageError


class Kind(StrEnum):
    EXPERIMENT = "experiment"
    TARGET = "target"
    SCHEDULE = "schedule"
    SUITE = "suite"


Which = Annotated[Kind, typer.Argument(metavar="KIND", help="experiment, target, schedule or suite.")]
Output = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write to this file. Default: print.")
]


def schema(kind: Which, output: Output = None) -> None:
    """Print the JSON schema of a kind of file, with the faults and drivers of installed plug-ins."""
    from chaos.schemas.kinds import KINDS  # imports every fault and driver

    text = json.dumps(KINDS[kind](), indent=1, ensure_ascii=False) + "\n"
    if output is None:
        tell(lambda: print(text, end=""))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--output: cannot write {output}: {error.strerror or error}") from None
