"""A rotation that was cut off is put in order: the half-made archive goes, the whole one stays.

A program for a sidecar, too: its specification is an inventory of `log_identity` with `scratch` and `suffixes` (those
that logrotate's compressor may give). Nothing is removed but
what another file, proven to be whole, holds as well. Standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos.host import log_archives, log_identity

ENDED = "ended"  # a file in the scratch directory: logrotate came to its end, or was put in order
STATE = "state"  # logrotate's own
RUNNING = "running"  # the pid of logrotate
_CHUNK = 1 << 20
_KEPT = ".uncompressed"  # what keeps a whole archive from being overwritten by the next rotation


def put_in_order(before: Mapping[str, Any], uncompressed: Sequence[str] = ()) -> dict[str, list[str]]:
    """What was removed, kept and put back. `uncompressed`: archives that logrotate gave up compressing.

    Call it when logrotate and its compressor have ended.
    """
    done: dict[str, list[str]] = {"half_made_removed": [], "kept_whole": [], "put_back": []}
    known = {tuple(entry[:2]) for entry in before["beside"].values()}
    logs = {tuple(told["id"]): path for path, told in before["logs"].items()}
    for path in log_identity.beside(before):
        if path in before["logs"] or _identity(path) in known | set(logs) or _is_open(path):
            continue
        if (whole := _whole_beside(path, before, known, logs)) is not None:
            os.unlink(path)
            done["half_made_removed"].append(path)
            uncompressed = [*uncompressed, whole]
    for path in dict.fromkeys(uncompressed):
        if os.path.exists(path) and _identity(path) in logs:
            done["kept_whole"].append(_out_of_the_way(path))
        elif os.path.exists(path) and path not in before["logs"]:
            done["kept_whole"].append(path)
    for log in before["logs"]:
        if not os.path.lexists(log) and (renamed := _named(before, log)) is not None:
            with suppress(FileExistsError):  # the service has just made it
                os.link(renamed, log)
                os.unlink(renamed)
                done["put_back"].append(log)
    return done


def main() -> None:
    spec = json.loads(sys.stdin.readline())
    print(json.dumps(undo(spec)), flush=True)


def undo(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Put in order what did not end, and remove the scratch directory. Idempotent."""
    scratch = Path(spec["scratch"])
    done: dict[str, Any] = {}
    if scratch.is_dir() and not (scratch / ENDED).exists() and spec.get("logs"):
        done = put_in_order(spec)
        (scratch / ENDED).touch()
    if scratch.is_dir() and not scratch.is_symlink():
        shutil.rmtree(scratch)
    return {**done, "scratch_removed": not scratch.exists()}


def _whole_beside(
    path: str, before: Mapping[str, Any], known: set[tuple[int, ...]], logs: Mapping[tuple[int, ...], str]
) -> str | None:
    """The file that is proven to hold all that this new one holds: what it was being made from."""
    for suffix in before["suffixes"]:
        source = path.removesuffix(suffix)
        if source == path or not os.path.exists(source) or source in before["logs"]:
            continue
        if _identity(source) in logs:
            return source if _is_intact(source, before["logs"][logs[_identity(source)]]) else None
        if _identity(source) in known and _is_archive(source, before) and _is_untouched(source, before):
            return source
    return next((log for log in before["logs"] if _is_a_copy(path, log, before)), None)


def _is_intact(path: str, told: Mapping[str, Any]) -> bool:
    """Whether the file begins as the log did and is no shorter: nothing has shredded it."""
    with suppress(OSError), open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        return size >= told["size"] and log_identity.head_of(file.fileno(), told["size"]) == told["head"]
    return False


def _is_untouched(path: str, before: Mapping[str, Any]) -> bool:
    """Whether an archive of before, wherever it is now, has its size and time."""
    found = os.lstat(path)
    now = [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns]
    return now in before["beside"].values()


def _is_a_copy(path: str, log: str, before: Mapping[str, Any]) -> bool:
    """Whether all of the file is the beginning of the log, which is still the one there was."""
    told = before["logs"][log]
    if not os.path.exists(log) or list(_identity(log)) != told["id"] or not _is_intact(log, told):
        return False
    if log_archives.parse(Path(path), Path(log).name) is None:
        return False
    with open(path, "rb") as copy, open(log, "rb") as whole:
        while part := copy.read(_CHUNK):
            if whole.read(len(part)) != part:
                return False
    return True


def _is_archive(path: str, before: Mapping[str, Any]) -> bool:
    return any(log_archives.parse(Path(path), Path(log).name) is not None for log in before["logs"])


def _is_open(path: str) -> bool:
    """Whether a process has the file open: then it is somebody's work, and ours has ended."""
    for process in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):
            if any(os.readlink(fd) == path for fd in process.iterdir()):
                return True
    return False


def _out_of_the_way(path: str) -> str:
    """Under a name that the next rotation leaves alone: it would rename the log over an uncompressed archive."""
    kept = f"{path}{_KEPT}"
    while os.path.lexists(kept):
        kept += "_"
    os.rename(path, kept)
    return kept


def _named(before: Mapping[str, Any], log: str) -> str | None:
    """Where the inode of a log is, if it is in one of the places."""
    wanted = tuple(before["logs"][log]["id"])
    return next((path for path in log_identity.beside(before) if _identity(path) == wanted), None)


def _identity(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


if __name__ == "__main__":
    main()
