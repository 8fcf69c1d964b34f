"""End every process of a process table that bears a mark, in order. The mark is the first line of standard input.

For a sidecar: what was started in a container of somebody else's must be ended there, whatever its image holds. It is
asked first (see `ordered_end`), and killed where it does not end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

ASKED: Mapping[signal.Signals, float] = {signal.SIGINT: 0.0, signal.SIGTERM: 5.0, signal.SIGKILL: 25.0}
"""When each signal is sent, seconds after the beginning."""
PATIENCE = 35.0  # seconds


def marked(mark: str) -> list[int]:
    """The pids of those that bear the mark, ourselves left out."""
    wanted, found = f"MIDNIGHT_MARK={mark}".encode(), []
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        with suppress(OSError):
            if pid not in (1, os.getpid()) and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found


def main() -> int:
    mark = sys.stdin.readline().strip()
    begun, sent, how = time.monotonic(), set[tuple[int, signal.Signals]](), "by itself"
    while left := marked(mark):
        late = time.monotonic() - begun
        if late > PATIENCE:
            return 1
        number = [each for each, after in ASKED.items() if after <= late][-1]
        how = (
            "killed, and what it did may be half done" if number is signal.SIGKILL else f"after {number.name}"
        )
        for pid in left:
            if (pid, number) not in sent:
                sent.add((pid, number))
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        time.sleep(0.1)
    print(json.dumps({"stopped": len({pid for pid, _ in sent}), "ended": how}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
