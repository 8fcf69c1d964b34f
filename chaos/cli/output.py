"""Printing what a verdict says: a reader that has gone changes no exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def tell(show: Callable[[], None]) -> None:
    """Call `show`; when whoever read our output has gone, what is left of it is thrown away."""
    try:
        show()
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # rich ends the process with 1 when its pipe is broken
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
