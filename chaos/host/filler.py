"""Fill a volume with one file, or remove leftovers from it.

For a sidecar. On its standard input a JSON object: `fill` (the file), `leave` (bytes to leave free) and `at_most`
(bytes: more than that is refused), or `remove` (files and directories), or `look` (a directory: nothing is changed).
Report: bytes, free, written_lately (how many files were written in the last minute), or `refused`.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

CHUNK = 4_000_000
LATELY = 60.0  # seconds
OURS = "midnight-"  # prefix of files written by a step


def free(directory: Path) -> int:
    """Bytes that a non-root user can still write."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def written_lately(directory: Path) -> int:
    """Files below it, on the same file system, written to in the last minute by anything but midnight."""
    found, since, device = 0, time.time() - LATELY, directory.stat().st_dev
    for place, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if _is_on(Path(place, name), device)]
        for name in files:
            with suppress(OSError):
                facts = os.lstat(os.path.join(place, name))  # noqa: PTH118  there may be very many
                found += stat.S_ISREG(facts.st_mode) and facts.st_mtime > since and not name.startswith(OURS)
    return found


def _is_on(place: Path, device: int) -> bool:
    try:
        return place.lstat().st_dev == device
    except OSError:
        return False


def look(directory: Path) -> dict[str, Any]:
    """A dry run of `fill`: free, written_lately, and why nothing can be written (or "")."""
    because = ""
    if not os.access(directory, os.W_OK | os.X_OK):
        read_only = os.statvfs(directory).f_flag & os.ST_RDONLY
        because = "it is read-only" if read_only else "this user may not write there"
    return {"free": free(directory), "written_lately": written_lately(directory), "refused": because}


def fill(path: Path, leave: int, at_most: int) -> dict[str, Any]:
    """Write the file until only `leave` bytes are free, or none."""
    wanted = max(0, free(path.parent) - leave)
    if wanted > at_most:
        return {"refused": f"{wanted} bytes would have to be written, more than at_most allows ({at_most})"}
    block, written, lately = b"\0" * CHUNK, 0, written_lately(path.parent)
    with path.open("wb", buffering=0) as file:
        try:
            os.posix_fallocate(file.fileno(), 0, max(1, wanted))
            written = wanted
        except OSError:  # not supported by this file system, or its last blocks are taken by now
            written = _write(file.fileno(), block)
    full = {"bytes": max(written, path.stat().st_size), "free": free(path.parent)}
    return {**full, "written_lately": lately}


def remove(paths: list[str]) -> dict[str, Any]:
    removed = []
    for name in paths:
        path = Path(name)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
        else:
            continue
        removed.append(name)
    return {"removed": removed}


def _write(file: int, block: bytes) -> int:
    written = 0
    try:
        while True:
            written += os.write(file, block)
    except OSError:
        return written


def main() -> None:
    spec = json.loads(sys.stdin.readline())
    if "look" in spec:
        done = look(Path(spec["look"]))
    elif "remove" in spec:
        done = remove(spec["remove"])
    else:
        done = fill(Path(spec["fill"]), spec["leave"], spec["at_most"])
    print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main()
