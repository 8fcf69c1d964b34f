"""Gracefully end every process that carries a mark. The mark is the first line of standard input.

For a sidecar: processes started in a foreign container must be ended there, independent of its image's contents. They
are signalled first (see `ordered_end`), and killed if they do not end.
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
"""When each signal is sent, in seconds from the start."""
PATIENCE = 35.0  # seconds


def marked(mark: str) -> list[int]:
    """The pids of processes that carry the mark, except this one."""
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
        how = "killed, and its work may be half done" if number is signal.SIGKILL else f"after {number.name}"
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
