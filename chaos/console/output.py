"""Print without affecting exit codes when output fails, and without truncation in narrow terminals."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from chaos.record import redact

if TYPE_CHECKING:
    from rich.table import Table

WIDEST = 10_000  # columns


def tell(show: Callable[[], None]) -> None:
    """Call `show`; if the reader of our output is gone, discard the rest."""
    try:
        show()
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # rich exits with 1 if its pipe is broken
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(note: str) -> None:
    """Print a note to standard error."""
    print(f"midnight: {note}", file=sys.stderr)


def print_whole(table: Table) -> None:
    """Print every cell untruncated, in a pipe or wider than the terminal if necessary."""
    from rich.console import Console  # slow, and `midnight --help` prints no table
    from rich.measure import Measurement

    terminal = Console(highlight=False)
    needed = Measurement.get(terminal, terminal.options.update(max_width=WIDEST), table).maximum
    Console(highlight=False, width=max(terminal.width, needed)).print(table)


@contextmanager
def forgiving() -> Iterator[None]:
    """Standard output and error that never raise: what a closed or full one does not accept is discarded."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, _Forgiving(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


class _Forgiving:
    def __init__(self, stream: TextIO | None) -> None:  # None: closed at startup
        self._stream = stream or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")

    def write(self, text: str) -> int:
        with suppress(ValueError):  # closed meanwhile
            try:
                self._stream.write(redact.known(text))
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
