"""Fill a volume up with one file, or remove what was left on it.

For a sidecar. On its standard input a JSON object: `fill` (the file), `leave` (bytes to leave free) and `at_most`
(bytes: more than that is refused), or `remove` (files and directories). Report: bytes, free, or `refused`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

CHUNK = 4_000_000


def free(directory: Path) -> int:
    """Bytes that a user who is not root can still write."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def fill(path: Path, leave: int, at_most: int) -> dict[str, Any]:
    """Write the file until only `leave` bytes are free, or none."""
    wanted = max(0, free(path.parent) - leave)
    if wanted > at_most:
        return {"refused": f"{wanted} bytes would have to be written, more than the {at_most} allowed"}
    block, written = b"\0" * CHUNK, 0
    with path.open("wb", buffering=0) as file:
        try:
            os.posix_fallocate(file.fileno(), 0, max(1, wanted))
            written = wanted
        except OSError:  # not on this file system, or its last blocks are somebody's by now
            written = _write(file.fileno(), block)
    return {"bytes": max(written, path.stat().st_size), "free": free(path.parent)}


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
    done = (
        remove(spec["remove"])
        if "remove" in spec
        else fill(Path(spec["fill"]), spec["leave"], spec["at_most"])
    )
    print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main()
