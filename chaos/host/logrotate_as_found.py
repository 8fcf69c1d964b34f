"""Generate a stanza for logs whose own is unknown, to match the files in the directory, or refuse.

Standard library only: it also runs in a sidecar. It keeps more archives than exist, names and compresses a new one
like the existing ones, and re-creates the log with its owner and mode. If it cannot be proven that no archive is
overwritten, removed or orphaned, `Unproven` says why.
"""

from __future__ import annotations

import fcntl
import glob
import grp
import os
import pwd
import shutil
import stat
import struct
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.host import log_identity
from chaos.host.log_archives import COMPRESSORS, Archive, Kept, kept_of, yesterdays

_GET_FLAGS, _IMMUTABLE, _APPEND = 0x80086601, 0x10, 0x20  # ioctl FS_IOC_GETFLAGS, and what chattr sets


_REOPENS = 1  # seconds that a service may take to reopen its log


class Unproven(ValueError):
    """Why a rotation might lose data or would fail."""


@dataclass(frozen=True, slots=True)
class How:
    """The target's rotation settings, as far as its file gives them."""

    method: str  # copytruncate | rename
    delaycompress: bool | None  # None: as found
    signal: str | None
    pids: tuple[int, ...]  # of the processes to signal


def stanza(logs: Sequence[Path], how: How) -> str:
    """A configuration for these logs, with similar ones in one stanza. Raises Unproven, OSError."""
    alike: dict[tuple[str, ...], list[Path]] = defaultdict(list)
    for log in logs:
        alike[tuple(_options(log, logs, how))].append(log)
    text, pids = list[str](), " ".join(map(str, how.pids))
    for options, paths in alike.items():
        text += [*(_quoted(path) for path in paths), "{", *(f"    {option}" for option in options)]
        if how.signal is not None:
            script = [f"        kill -{how.signal} {pids}"]
            if "nocompress" not in options and "delaycompress" not in options:
                script.append(f"        sleep {_REOPENS}  # what is written until then is compressed, too")
            text += ["    sharedscripts", "    postrotate", *script, "    endscript"]
        text += ["}", ""]
    return "\n".join(text)


def _quoted(path: Path) -> str:
    """Quoted so that logrotate does not read it as a pattern."""
    return '"' + glob.escape(str(path)).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _options(log: Path, logs: Sequence[Path], how: How) -> list[str]:
    found = log.stat()
    _may_act(log, found, how.method)
    kept = kept_of(log, logs)
    if kept.unknown:
        raise Unproven(f"{kept.unknown[0]} may be an archive of {log} with an unknown naming scheme")
    options = ["daily", *_naming(log, kept), *_compression(log, kept, how)]
    options += ["copytruncate"] if how.method == "copytruncate" else ["create"]
    for archive in kept.archives:
        _refuse_unchangeable(archive.path)
    return [*options, *_su(log, found)]


def _naming(log: Path, kept: Kept) -> list[str]:
    archives = kept.archives
    _same(log, archives, {each.naming: each for each in archives}, "namings")
    _same(log, archives, {str(each.before_extension): each for each in archives}, "namings")
    _same(log, archives, {str(each.path.parent): each for each in archives}, "directories")
    options = [f"rotate {len(archives) + 7}"]
    if archives and archives[0].path.parent != log.parent:
        options.append(f"olddir {archives[0].path.parent}")
    if archives and archives[0].before_extension:
        options.append(f"extension {log.suffix}")
    if archives and archives[0].naming != "number":
        options += ["dateext", f"dateformat {archives[0].naming}"]
        options += ["dateyesterday"] if yesterdays(archives) else []
    elif archives:
        numbers = [each.number for each in archives]
        options[0] = f"rotate {max(numbers) + 7}"
        options += ["start 0"] if min(numbers) == 0 else []
    return options


def _compression(log: Path, kept: Kept, how: How) -> list[str]:
    """Raises Unproven for a mixture that no logrotate setting produces, or that contradicts the target file."""
    packed = [each for each in kept.archives if each.compressed]
    plain = sorted(
        (each for each in kept.archives if not each.compressed), key=lambda each: (each.number, each.stamp)
    )
    _same(log, kept.archives, {each.compressed: each for each in packed}, "compressions")
    if plain and not packed:
        return ["nocompress"]
    options = _compressor(packed[0]) if packed else ["compress"]
    if not plain:
        return _at_once(log, options, how, bool(packed))
    newest = plain[-1] if plain[0].stamp else plain[0]
    twice = newest.path.with_name(newest.path.name + packed[0].compressed)
    after = [
        each
        for each in packed
        if (each.stamp > newest.stamp if newest.stamp else each.number < newest.number)
    ]
    if len(plain) > 1 or after or twice.exists():
        raise Unproven(f"{plain[-1].path} is not compressed, and {packed[0].path} is: it may be overwritten")
    if how.delaycompress is False:
        raise Unproven(
            f"{newest.path} is not compressed, as with delaycompress, and `delaycompress: false` would overwrite it"
        )
    return [*options, "delaycompress"]


def _at_once(log: Path, options: list[str], how: How, is_habit: bool) -> list[str]:
    """Compress at once, so that the next rotation does not overwrite `.1`, but not while a service writes to it."""
    if how.method == "copytruncate" or how.signal is not None or not log_identity.writers_of(log):
        return options
    if is_habit:
        raise Unproven(
            f"process {log_identity.writers_of(log)[0]} writes to {log}, its archives are compressed at once, and no "
            "`signal` makes it reopen the log"
        )
    return ["nocompress"]


def _compressor(archive: Archive) -> list[str]:
    program = COMPRESSORS.get(archive.compressed)
    if program is None or shutil.which(program) is None:
        raise Unproven(f"{archive.path}: {program or archive.compressed} is not installed here")
    if program == "gzip":
        return ["compress"]
    return ["compress", f"compresscmd {shutil.which(program)}", f"compressext {archive.compressed}"]


def _same(log: Path, archives: Sequence[Archive], found: Mapping[str, Archive], what: str) -> None:
    if len(found) > 1:
        one, other = list(found.values())[:2]
        raise Unproven(f"the {len(archives)} archives of {log} have several {what}: {one.path}, {other.path}")


def _may_act(log: Path, found: os.stat_result, method: str) -> None:
    """Raises Unproven if logrotate would fail halfway as the current user."""
    _refuse_unchangeable(log)
    _refuse_unchangeable(log.parent)
    if not os.access(log.parent, os.W_OK | os.X_OK):
        raise Unproven(f"{log.parent} is not writable")
    if method == "copytruncate" and not os.access(log, os.R_OK | os.W_OK):
        raise Unproven(f"{log} is not writable")
    if method == "rename" and os.geteuid() not in (0, found.st_uid):
        raise Unproven(f"{log} belongs to {_user(found.st_uid)}, and only root can re-create it for them")


def _su(log: Path, found: os.stat_result) -> list[str]:
    """The user that logrotate must switch to if others may write to the directory. Raises Unproven."""
    at = log.parent.stat()
    others_write = at.st_mode & stat.S_IWOTH or (at.st_mode & stat.S_IWGRP and at.st_gid != 0)
    if os.getuid() != 0 or not others_write:
        return []
    if at.st_uid != 0 and (found.st_uid != at.st_uid or found.st_gid != at.st_gid):
        raise Unproven(
            f"{log.parent} belongs to {_user(at.st_uid)}, who cannot re-create {log} for its owner"
        )
    return [f"su {_user(at.st_uid)} {_group(at.st_gid)}"]


def _refuse_unchangeable(path: Path) -> None:
    """Raises Unproven for files that `chattr +i` or `+a` protects from renaming."""
    if flags_of(path) & (_IMMUTABLE | _APPEND):
        raise Unproven(f"{path} is immutable or append-only (lsattr -d {path})")


def flags_of(path: Path) -> int:
    """The file's attributes; 0 if its file system has none or it cannot be opened."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(fd, _GET_FLAGS, bytes(struct.calcsize("l"))))
        return int(flags) & 0xFFFFFFFF
    except OSError:
        return 0
    finally:
        os.close(fd)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
