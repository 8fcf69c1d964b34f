"""Printing: a reader that has gone changes no exit code, and a narrow terminal hides nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

WIDEST = 10_000  # columns


def tell(show: Callable[[], None]) -> None:
    """Call `show`; when whoever read our output has gone, what is left of it is thrown away."""
    try:
        show()
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # rich ends the process with 1 when its pipe is broken
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_whole(table: Table) -> None:
    """Print every cell whole: into a pipe, and wider than the terminal where it has to be."""
    terminal = Console(highlight=False)
    needed = Measurement.get(terminal, terminal.options.update(max_width=WIDEST), table).maximum
    Console(highlight=False, width=max(terminal.width, needed)).print(table)
