"""Options shared by several commands."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
"""With it, standard output is pure JSON; everything else goes to standard error."""
