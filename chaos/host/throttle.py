"""The write limit of a cgroup on the device below a directory: read, set, put back, and tried.

For a sidecar beside the container it is for. On its standard input a JSON object: `path` (a directory) and one of
`read` (true), `set` (bytes per second; 0: none) or `probe` (bytes to write and sync within the limit). Report: device,
limit (bytes per second; 0: none), or of a probe seconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from chaos.host import cgroup_join
from chaos.host.cgroup_join import CGROUPS


def device_of(path: str) -> str:
    """`major:minor` of the whole disk below a path: a part of one cannot be limited."""
    number = os.stat(path).st_dev  # noqa: PTH116
    found = f"{os.major(number)}:{os.minor(number)}"
    place = Path(f"/sys/dev/block/{found}")
    if not place.exists():
        raise SystemExit(f"{path} lies on no block device that can be limited ({found})")
    disk = place.resolve().parent
    return (disk / "dev").read_text().strip() if (place / "partition").exists() else found


def file_of(pid: int = 1) -> tuple[Path, bool]:
    """The file with the cgroup's write limits, and whether it is one of cgroup v2."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        below = path.lstrip("/")
        if "blkio" in controllers.split(","):
            return CGROUPS / "blkio" / below / "blkio.throttle.write_bps_device", False
        if not controllers and (CGROUPS / "cgroup.controllers").exists():
            return CGROUPS / below / "io.max", True
    raise SystemExit("no cgroup of the target limits writes")


def read(device: str) -> int:
    file, unified = file_of()
    for words in (line.split() for line in file.read_text().splitlines()):
        if words and words[0] == device:
            values = dict(word.partition("=")[::2] for word in words[1:]) if unified else {"wbps": words[1]}
            return 0 if values["wbps"] == "max" else int(values["wbps"])
    return 0


def write(device: str, limit: int) -> None:
    file, unified = file_of()
    file.write_text(f"{device} wbps={limit or 'max'}" if unified else f"{device} {limit}")


def probe(directory: str, size: int) -> float:
    """Seconds that it takes within the target's cgroup to write so much and to sync it."""
    cgroup_join.join()
    file = os.open(directory, os.O_TMPFILE | os.O_WRONLY, 0o600)
    try:
        begun = time.monotonic()
        os.write(file, os.urandom(size))
        os.fdatasync(file)
        return time.monotonic() - begun
    finally:
        os.close(file)


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    device = device_of(spec["path"])
    if "set" in spec:
        write(device, spec["set"])
    if "probe" in spec:
        print(
            json.dumps({"device": device, "seconds": round(probe(spec["path"], spec["probe"]), 3)}),
            flush=True,
        )
    else:
        print(json.dumps({"device": device, "limit": read(device)}), flush=True)


if __name__ == "__main__":
    main()
