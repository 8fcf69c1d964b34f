"""Move into the cgroup of another process, so that its limits apply to this one and its account is charged.

For a sidecar: it sees the host's cgroups, writable, below CGROUPS, and the target's first process as pid 1.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

CGROUPS = Path("/midnight/cgroup")


def join(pid: int = 1) -> str:
    """Join every cgroup of the process; return which account is charged now."""
    joined, refused = [], ""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        place = _place(controllers) / path.lstrip("/")
        if not (place / "cgroup.procs").exists():
            continue
        try:
            (place / "cgroup.procs").write_text("0")
            joined.append(controllers or "v2")
        except OSError as error:
            refused = f"{controllers or 'v2'}: {error.strerror}"
    if not joined:
        return f"its own cgroup ({refused or 'no cgroup of the target is visible here'})"
    return "the target's cgroup"


def _place(controllers: str) -> Path:
    """The mount point of a hierarchy; v2 is all of it, or `unified` beside v1."""
    if not controllers:
        return CGROUPS if (CGROUPS / "cgroup.controllers").exists() else CGROUPS / "unified"
    with suppress(StopIteration):
        wanted = controllers.removeprefix("name=")
        return next(CGROUPS / name for name in (wanted, *wanted.split(",")) if (CGROUPS / name).is_dir())
    return CGROUPS / "none"
