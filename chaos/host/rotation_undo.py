"""Tidy up a rotation that was cut off: remove the partial archive, keep the complete one.

Also a program for a sidecar: its specification is an inventory of `log_identity` with `scratch` and `suffixes`
(possible ones of logrotate's compressor). Only data proven to be complete in another file is removed. Standard
library only.
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

ENDED = "ended"  # a file in the scratch directory: logrotate finished, or was tidied up
OUTPUT = "output"  # logrotate's output
_READ = 4_000_000  # characters of it: a script may print anything
_CHUNK = 1 << 20
_KEPT = ".uncompressed"  # suffix that keeps the next rotation from overwriting a complete archive

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
        """True if it is an earlier archive, at any path, with unchanged size and time."""
        return log_identity.unchanging(str(path)) in self.told["beside"].values()

    def is_archive(self, path: Path) -> bool:
        return any(log_archives.parse(path, Path(log).name) is not None for log in self.told["logs"])


def put_in_order(told: Mapping[str, Any], uncompressed: Sequence[str] = ()) -> dict[str, list[str]]:
    """Returns what was removed, kept and put back. `uncompressed`: archives that logrotate gave up compressing.

    Call it once logrotate and its compressor have ended.
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
            with suppress(FileExistsError):  # the service has just created it
                Path(log).hardlink_to(renamed)
                renamed.unlink()
                done["put_back"].append(log)
    return done


def undo(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Tidy up an unfinished rotation, and remove the scratch directory. Idempotent."""
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
    """The output of logrotate and its scripts."""
    with suppress(OSError), (scratch / OUTPUT).open(errors="replace") as file:
        return file.read(_READ)
    return ""


def identity(path: Path) -> Identity:
    found = path.lstat()
    return found.st_dev, found.st_ino


def _whole_beside(path: Path, before: _Before) -> Path | None:
    """The source of this new file, if proven to contain everything in it."""
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
    """True if the file begins as the log did and is not shorter: nothing has shredded it."""
    try:
        with path.open("rb") as file:
            head = log_identity.head_of(file.fileno(), told["size"])
            return os.fstat(file.fileno()).st_size >= int(told["size"]) and head == str(told["head"])
    except OSError:
        return False


def _is_a_copy(path: Path, log: Path, before: _Before) -> bool:
    """True if the whole file equals the beginning of the log, which is still the original one."""
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
    """True if a process has the file open: it is someone else's work, since midnight's has ended."""
    for process in Path("/proc").glob("[0-9]*/fd"):
        with suppress(OSError):
            if any(fd.readlink() == path for fd in process.iterdir()):
                return True
    return False


def _out_of_the_way(path: Path) -> Path:
    """Rename it so that the next rotation leaves it alone: that would rename the log over an uncompressed archive."""
    kept = path.with_name(path.name + _KEPT)
    while kept.exists():
        kept = kept.with_name(kept.name + "_")
    return path.rename(kept)


def main() -> None:
    print(json.dumps(undo(json.loads(sys.stdin.readline()))), flush=True)


if __name__ == "__main__":
    main()
