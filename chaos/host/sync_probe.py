"""Make a little data durable on a volume again and again, and print how long each time took.

A process of its own: a thread that waits for a frozen disk outlives `kill -9`, and with it the locks and pipes by which
midnight's watchdog sees that midnight has died.

Usage: python -m chaos.host.sync_probe DIRECTORY [named], until standard input ends. Prints a line before each sync
(`0`) and one after it (its seconds). Ends at once if the directory cannot be written to, or if its file system has no
files without a name; with `named`, the file then has one for a moment, which a kill would leave behind.
"""

from __future__ import annotations

import errno
import os
import select
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

PAUSE = 0.25  # seconds between two syncs
BLOCK = bytes(4096)
BEGUN = 0.0


NAMED = "named"


def probe(directory: Path, *, named: bool = False) -> None:
    """Raises OSError if the volume cannot be written to, is full or gone; BrokenPipeError without a reader."""
    file = _unnamed(directory, named)
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        begun = time.monotonic()
        print(BEGUN, flush=True)
        os.pwrite(file, BLOCK, 0)
        os.fdatasync(file)
        print(time.monotonic() - begun, flush=True)


def _unnamed(directory: Path, named: bool) -> int:
    """Open a file that has no name, so that nothing can be left behind. Raises OSError."""
    try:
        return os.open(directory, os.O_TMPFILE | os.O_WRONLY, 0o600)
    except OSError as error:
        if not named or error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT):
            raise
    # a file system without O_TMPFILE
    file, name = tempfile.mkstemp(prefix=".midnight-", dir=directory)
    Path(name).unlink()
    return file


if __name__ == "__main__":
    with suppress(OSError):
        probe(Path(sys.argv[1]), named=sys.argv[2:] == [NAMED])
