"""Printing what a verdict says: whatever becomes of the output changes no exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


def tell(show: Callable[[], None]) -> None:
    """Call `show`; when whoever read our output has gone, what is left of it is thrown away."""
    try:
        show()
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # rich ends the process with 1 when its pipe is broken
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def forgiving() -> Iterator[None]:
    """Standard output and error that never raise: what a closed or full one does not take is thrown away."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, _Forgiving(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


class _Forgiving:
    def __init__(self, stream: TextIO | None) -> None:  # None: it was closed when we began
        self._stream = stream or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")

    def write(self, text: str) -> int:
        with suppress(ValueError):  # closed meanwhile
            try:
                return self._stream.write(text)
            except OSError:
                self._throw_away()
        return len(text)

    def flush(self) -> None:
        with suppress(ValueError):
            try:
                self._stream.flush()
            except OSError:
                self._throw_away()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _throw_away(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
