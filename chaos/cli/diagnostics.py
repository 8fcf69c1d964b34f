"""Diagnostic logging: `-v` logs to standard error, MIDNIGHT_LOG=FILE appends to a file. Off by default.

Modules log with `logging.getLogger(__name__)` at DEBUG and INFO. They never log a possible secret before
`redact.known` has learned it; the formatter masks known secrets and anything that looks like one.
"""

from __future__ import annotations

import copy
import logging
import os
import shlex
import stat
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TextIO

import typer

from chaos.errors import UsageError
from chaos.record import redact, secret_forms

VARIABLE = "MIDNIGHT_LOG"
_OURS = "chaos"
_FORMAT = "%(asctime)s.%(msecs)03dZ %(process)d %(levelname)s %(name)s: %(message)s"
_LAST_LINES = 2.0  # seconds to wait for a terminal to take the last lines
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127)}
PRINTED = {"printed": True}  # `extra` of a record that standard error already shows in other words

log = logging.getLogger(__name__)


class Masked(logging.Formatter):
    """One line per record, plus its traceback, in UTC, with secrets masked."""

    def __init__(self) -> None:
        super().__init__(_FORMAT, "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).translate(_CONTROL)

    def formatException(self, ei: Any) -> str:
        """Format the exception with its frames. Of its causes only the frames: their messages may quote a file."""
        lines, error = traceback.format_exception(*ei, chain=False), ei[1]
        seen = {id(error)}
        while (error := _before(error)) is not None and id(error) not in seen:
            seen.add(id(error))
            lines += [f"after {type(error).__qualname__}:\n", *traceback.format_tb(error.__traceback__)]
        return "".join(lines).rstrip()

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.exc_text = None  # cached by another handler
        return secret_forms.mask(redact.known(super().format(record)))


def _before(error: BaseException) -> BaseException | None:
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


class _Terminal(logging.Handler):
    """Write to standard error from a thread: a terminal that hangs must not block a run or its undo."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Masked())
        self.addFilter(lambda record: not getattr(record, "printed", False))
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.put(self.format(record))
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        self._lines.put(None)
        self._thread.join(_LAST_LINES)
        super().close()

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            print(line, file=sys.stderr, flush=True)


class _File(logging.StreamHandler[TextIO]):
    """Append to a file. A failed write is reported once and changes nothing else."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(os.fdopen(_opened(path), "a", encoding="utf-8", errors="backslashreplace"))
        self.setFormatter(Masked())

    def handleError(self, record: logging.LogRecord) -> None:
        del record
        logging.getLogger().removeHandler(self)
        because = sys.exc_info()[1]
        print(f"midnight: {VARIABLE}: {self._path}: {because}; logging stops here", file=sys.stderr)

    def close(self) -> None:
        with suppress(OSError):
            self.stream.close()
        super().close()


@contextmanager
def session() -> Iterator[None]:
    """Log to MIDNIGHT_LOG if set, and to standard error after `show`, until the block ends.

    Raises UsageError if the file cannot be opened for appending.
    """
    root, ours = logging.getLogger(), logging.getLogger(_OURS)
    before, level = list(root.handlers), ours.level
    try:
        if given := os.environ.get(VARIABLE):
            _begin(_File(Path(given)))
            if logging.lastResort is not None:  # library warnings still go to standard error
                root.addHandler(logging.lastResort)
        yield
    except typer.Exit as ended:
        log.debug("exit code %d", ended.exit_code, extra=PRINTED)
        raise
    except BaseException:
        log.debug("the command ended with an exception", exc_info=True, extra=PRINTED)
        raise
    finally:
        for handler in [each for each in root.handlers if each not in before]:
            root.removeHandler(handler)
            if handler is not logging.lastResort:
                handler.close()
        ours.setLevel(level)


def show(wanted: bool) -> None:
    """Log to standard error until the session ends, if `wanted` (`-v`)."""
    root = logging.getLogger()
    if wanted and not any(isinstance(each, _Terminal) for each in root.handlers):
        if logging.lastResort is not None:
            root.removeHandler(logging.lastResort)
        _begin(_Terminal())


def _begin(handler: logging.Handler) -> None:
    """Add the handler, and log the versions and the command first."""
    from importlib.metadata import version  # slow, and needed only here

    logging.getLogger().addHandler(handler)
    logging.getLogger(_OURS).setLevel(logging.DEBUG)
    python, kernel = ".".join(map(str, sys.version_info[:3])), os.uname().release
    told = (version("midnight-chaos"), python, kernel, Path.cwd(), shlex.join(sys.argv[1:]))
    text = "midnight %s, Python %s, kernel %s, in %s: %s"
    handler.handle(log.makeRecord(log.name, logging.DEBUG, __file__, 0, text, told, None))


def _opened(path: Path) -> int:
    """Open the file for appending, readable only by its owner. Raises UsageError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    try:
        # a pipe without a reader must not block the command
        opened = os.open(path, flags | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise UsageError(f"{VARIABLE}: {path}: cannot write: {error.strerror or error}") from None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise UsageError(f"{VARIABLE}: {path}: must be a regular file; `midnight -v` logs to standard error")
    return opened
