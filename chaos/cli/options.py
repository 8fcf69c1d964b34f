"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
"""Standard output is pure JSON then; everything else goes to standard error."""
