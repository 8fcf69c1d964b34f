"""What every command has in common in its output."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON to standard output.")]
"""The same for every command that has it; what else is said goes to standard error."""
