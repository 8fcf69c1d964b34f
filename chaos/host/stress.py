"""Hold memory within the target's limits, so that its cgroup, not the machine, runs out of it.

For a sidecar. Specification: memory (bytes at a time), most (bytes in all), deadline (seconds). It takes memory until
it holds `most`, outside any process, so that the target's own processes are killed. Report: held (bytes), spared
(true if the kernel also accepted an exemption), charged_to.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos.host import cgroup_join
from chaos.host.disk_writers import stop_at_end_of_input


def spare_ourselves() -> bool:
    try:
        Path("/proc/self/oom_score_adj").write_text("-1000")
    except OSError:
        return False
    return True


def hold(file: int, step: int, most: int, stop: threading.Event, end: float) -> int:
    """Append `step` bytes at a time to a file in memory, until `most`, `stop` or `end`; return its size.

    The cgroup is charged, but no process owns the pages: the kernel kills the largest process, so not this one.
    """
    held, block = 0, b"\1" * step
    while held < most and not stop.is_set() and time.monotonic() < end:
        with suppress(OSError):  # out of memory
            held += os.write(file, block)
        stop.wait(0.01)
    return held


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    charged, spared = cgroup_join.join(), spare_ourselves()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, spec["deadline"])
    print(json.dumps({"started": spec["most"], "charged_to": charged, "spared": spared}), flush=True)
    stop = threading.Event()
    threading.Thread(target=stop_at_end_of_input, args=(stop,), daemon=True).start()
    file, end = os.memfd_create("midnight"), time.monotonic() + spec["deadline"]
    held = hold(file, spec["memory"], spec["most"], stop, end)
    stop.wait(max(0.0, end - time.monotonic()))
    report = {"held": held, "charged_to": charged, "spared": spared}
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
