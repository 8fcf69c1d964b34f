"""Out-of-memory kills, as the kernel counts them."""

from __future__ import annotations

from pathlib import Path


def kills() -> int:
    """How many processes the kernel has killed for memory since it booted (`oom_kill` of /proc/vmstat).

    It counts kills within a memory cgroup as well as those of the whole machine.
    """
    for line in Path("/proc/vmstat").read_text().splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill":
            return int(value)
    return 0
