"""A rotation that was cut off is put in order: the half-made archive goes, the whole one stays.

A program for a sidecar, too: its specification is an inventory of `log_identity` with `scratch` and `suffixes` (those
that logrotate's compressor may give). Nothing is removed but what another file, proven to be whole, holds as well.
Standard library only.
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

from chaos.host import log_archives, log_identity, logrotate_said, rotation_cut

ENDED = "ended"  # a file in the scratch directory: logrotate came to its end, or was put in order
OUTPUT = "output"  # what logrotate said
_READ = 4_000_000  # characters of it: a script may say what it likes
_CHUNK = 1 << 20
_KEPT = ".uncompressed"  # what keeps a whole archive from being overwritten by the next rotation

Identity = tuple[int, int]


class _Before:
    """An inventory, by identity."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.told = told
        self.logs: dict[Identity, str] = {
            (log["id"][0], log["id"][1]): path for path, log in told["logs"].items()
        }

    def beside(self) -> list[Path]:
        return [Path(path) for path in log_identity.beside(self.told)]

    def is_new(self, path: Path) -> bool:
        return (
            str(path) not in self.told["logs"]
            and identity(path) not in self.logs
            and not self.was_there(path)
        )

    def was_there(self, path: Path) -> bool:
        """Whether it is an archive of before, wherever it was, with its size and time."""
        return log_identity.unchanging(str(path)) in self.told["beside"].values()

    def is_archive(self, path: Path) -> bool:
        return any(log_archives.parse(path, Path(log).name) is not None for log in self.told["logs"])


def put_in_order(told: Mapping[str, Any], uncompressed: Sequence[str] = ()) -> dict[str, list[str]]:
    """What was removed, kept and put back. `uncompressed`: archives that logrotate gave up compressing.

    Call it when logrotate and its compressor have ended.
    """
    before = _Before(told)
    done: dict[str, list[str]] = {"half_made_removed": [], "kept_whole": [], "put_back": []}
    wholes = [Path(path) for path in uncompressed]
    for path in before.beside():
        if before.is_new(path) and not _is_open(path) and (whole := _whole_beside(path, before)) is not None:
            path.unlink()
            done["half_made_removed"].append(str(path))
            wholes.append(whole)
    for path in dict.fromkeys(wholes):
        if path.exists():
            in_danger = identity(path) in before.logs and str(path) not in told["logs"]
            done["kept_whole"].append(str(_out_of_the_way(path) if in_danger else path))
    for inode, log in before.logs.items():
        renamed = next((path for path in before.beside() if identity(path) == inode), None)
        if renamed is not None and not os.path.lexists(log):
            with suppress(FileExistsError):  # the service has just made it
                Path(log).hardlink_to(renamed)
                renamed.unlink()
                done["put_back"].append(log)
    return done


def undo(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Put in order what did not end, and remove the scratch directory. Idempotent."""
    scratch = Path(spec["scratch"])
    done: dict[str, Any] = {}
    if (ended := rotation_cut.end_left(scratch)) is not None:
        done["logrotate"] = ended
    if scratch.is_dir() and not (scratch / ENDED).exists() and spec.get("logs"):
        done |= put_in_order(spec, logrotate_said.parse(output_in(scratch)).given_up)
        (scratch / ENDED).touch()
    if scratch.is_dir() and not scratch.is_symlink():
        shutil.rmtree(scratch)
    return {**done, "scratch_removed": not scratch.exists()}


def output_in(scratch: Path) -> str:
    """What logrotate and its scripts have said."""
    with suppress(OSError), (scratch / OUTPUT).open(errors="replace") as file:
        return file.read(_READ)
    return ""


def identity(path: Path) -> Identity:
    found = path.lstat()
    return found.st_dev, found.st_ino


def _whole_beside(path: Path, before: _Before) -> Path | None:
    """The file that is proven to hold all that this new one holds: what it was being made from."""
    for suffix in before.told["suffixes"]:
        source = path.with_name(path.name.removesuffix(suffix))
        if source == path or not source.exists() or str(source) in before.told["logs"]:
            continue
        if (log := before.logs.get(identity(source))) is not None:
            return source if _is_intact(source, before.told["logs"][log]) else None
        if before.is_archive(source) and before.was_there(source):
            return source
    return next((Path(log) for log in before.told["logs"] if _is_a_copy(path, Path(log), before)), None)


def _is_intact(path: Path, told: Mapping[str, Any]) -> bool:
    """Whether the file begins as the log did and is no shorter: nothing has shredded it."""
    try:
        with path.open("rb") as file:
            head = log_identity.head_of(file.fileno(), told["size"])
            return os.fstat(file.fileno()).st_size >= int(told["size"]) and head == str(told["head"])
    except OSError:
        return False


def _is_a_copy(path: Path, log: Path, before: _Before) -> bool:
    """Whether all of the file is the beginning of the log, which is still the one there was."""
    told = before.told["logs"][str(log)]
    if log_archives.parse(path, log.name) is None or not log.exists():
        return False
    if list(identity(log)) != told["id"] or not _is_intact(log, told):
        return False
    with path.open("rb") as copy, log.open("rb") as whole:
        while part := copy.read(_CHUNK):
            if whole.read(len(part)) != part:
                return False
    return True


def _is_open(path: Path) -> bool:
    """Whether a process has the file open: then it is somebody's work, and ours has ended."""
    for process in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):
            if any(fd.readlink() == path for fd in process.iterdir()):
                return True
    return False


def _out_of_the_way(path: Path) -> Path:
    """Under a name that the next rotation leaves alone: it would rename the log over an uncompressed archive."""
    kept = path.with_name(path.name + _KEPT)
    while kept.exists():
        kept = kept.with_name(kept.name + "_")
    return path.rename(kept)


def main() -> None:
    print(json.dumps(undo(json.loads(sys.stdin.readline()))), flush=True)


if __name__ == "__main__":
    main()
