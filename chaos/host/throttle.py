"""The write limit of a cgroup on the device below a directory: lowered, and put back.

For a sidecar of the container. On its standard input a JSON object: `path` (a directory), and either `created_with`
(bytes per second by device as the engine names it; none: no limit) with `set` (bytes per second: lower the limit to
that), `could` (the same as a dry run) or `unset` (the limit that was set: put back the previous one). Report: device,
limit (bytes per second; 0: none), or `refused` with a `remedy` and nothing changed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos.host.cgroup_join import CGROUPS

DEVICES = Path("/sys/dev/block")
OTHER_PATH = "name a directory on a volume on a disk (`path`)"


class NothingToLimit(Exception):
    """No device or cgroup to limit; nothing was changed."""

    def __init__(self, because: str, remedy: str) -> None:
        super().__init__(because)
        self.remedy = remedy


def device_of(path: str) -> str:
    """`major:minor` of the whole disk below a path: a partition cannot be limited. Raises NothingToLimit."""
    try:
        number = os.stat(path).st_dev
    except OSError as error:
        raise NothingToLimit(f"{path} is not on one of its volumes ({error.strerror})", OTHER_PATH) from error
    found = f"{os.major(number)}:{os.minor(number)}"
    place = DEVICES / found
    if not place.exists():
        raise NothingToLimit(f"{path} is not on a block device that can be limited ({found})", OTHER_PATH)
    disk = place.resolve().parent
    return (disk / "dev").read_text().strip() if (place / "partition").exists() else found


def names_of(device: str) -> set[str]:
    """A device's name below /dev, if the kernel knows it."""
    place = DEVICES / device
    lines = (place / "uevent").read_text().splitlines()
    names = {f"/dev/{line.removeprefix('DEVNAME=')}" for line in lines if line.startswith("DEVNAME=")}
    mapped = place / "dm/name"
    return names | ({f"/dev/mapper/{mapped.read_text().strip()}"} if mapped.exists() else set())


def rate_of(device: str, created_with: Mapping[str, int]) -> int | None:
    """The limit that the container was created with; 0: none; None: ambiguous."""
    if mine := names_of(device) & created_with.keys():
        return created_with[mine.pop()]
    if not created_with:
        return 0
    known = {name for each in DEVICES.iterdir() for name in names_of(each.name)}
    return 0 if created_with.keys() <= known else None


def file_of(pid: int = 1) -> tuple[Path, bool]:
    """The file with the cgroup's write limits, and whether it is cgroup v2. Raises NothingToLimit."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        below = path.lstrip("/")
        if "blkio" in controllers.split(","):
            return CGROUPS / "blkio" / below / "blkio.throttle.write_bps_device", False
        if not controllers and (CGROUPS / "cgroup.controllers").exists():
            return CGROUPS / below / "io.max", True
    raise NothingToLimit(
        "none of the target's cgroups can limit writes", "enable the controller blkio, or io of cgroup v2"
    )


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


def could(device: str, created_with: Mapping[str, int], limit: int) -> dict[str, Any]:
    """The limit to set; refused if it would not be lower, or could not be put back."""
    created, now = rate_of(device, created_with), read(device)
    if created is None:
        unclear = f"it is unclear which of {', '.join(sorted(created_with))} is {device}"
        return {"refused": unclear, "remedy": OTHER_PATH}
    if now != created:
        was = f"it was created with {created}" if created else "it was created with none"
        by_hand = f"its write limit was changed to {now or 'none'}: {was}"
        return {"refused": by_hand, "remedy": "set it back, or restart the container"}
    if now and limit >= now:
        more = f"{limit} bytes per second is not below its current limit of {now}"
        return {"refused": more, "remedy": f"set `write` below {now}"}
    file, _ = file_of()
    if not os.access(file, os.W_OK):
        return {"refused": f"{file.name} cannot be written to", "remedy": "let the engine run as root"}
    return {"device": device, "before": now}


def lower(device: str, created_with: Mapping[str, int], limit: int) -> dict[str, Any]:
    """Set a limit, if possible."""
    found = could(device, created_with, limit)
    if "refused" in found:
        return found
    write(device, limit)
    return {**found, "limit": read(device)}


def put_back(device: str, created_with: Mapping[str, int], ours: int) -> dict[str, Any]:
    """Restore the limit that the container was created with, if midnight's is in force; any other is left alone."""
    created = rate_of(device, created_with)
    if created is not None and read(device) == ours:
        write(device, created)
    return {"device": device, "limit": read(device)}


def carried_out(spec: Mapping[str, Any]) -> dict[str, Any]:
    try:
        device = device_of(spec["path"])
        if "could" in spec:
            return could(device, spec["created_with"], spec["could"])
        if "set" in spec:
            return lower(device, spec["created_with"], spec["set"])
        return put_back(device, spec["created_with"], spec["unset"])
    except NothingToLimit as error:
        return {"refused": str(error), "remedy": error.remedy}


def main() -> None:
    print(json.dumps(carried_out(json.loads(sys.stdin.readline()))), flush=True)


if __name__ == "__main__":
    main()
