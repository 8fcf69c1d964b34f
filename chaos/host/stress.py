"""Hold memory within the target's limits, so that its cgroup, and not the machine, runs out of it.

For a sidecar. Specification: memory (bytes at a time), most (bytes in all), deadline (seconds). It takes memory until
it holds `most`, and spares itself where the kernel allows that, so that the target's own processes are killed. Report:
held (bytes), spared (whether the kernel was told to), charged_to.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from chaos.host import cgroup_join
from chaos.host.disk_writers import stop_at_end_of_input

PAGE = 4096


def spare_ourselves() -> bool:
    try:
        Path("/proc/self/oom_score_adj").write_text("-1000")
    except OSError:
        return False
    return True


def hold(step: int, most: int, stop: threading.Event, end: float) -> list[bytearray]:
    """Take `step` bytes after the other, touched, until `most` are held, `stop` or `end`."""
    held: list[bytearray] = []
    while len(held) * step < most and not stop.is_set() and time.monotonic() < end:
        block = bytearray(step)
        block[::PAGE] = b"\1" * len(range(0, step, PAGE))
        held.append(block)
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
    held = hold(spec["memory"], spec["most"], stop, time.monotonic() + spec["deadline"])
    stop.wait(spec["deadline"])
    report = {"held": sum(map(len, held)), "charged_to": charged, "spared": spared}
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
