"""The archives of a log as found: their naming, numbering, dates and compression.

Standard library only: it also runs in a sidecar. A file is an archive of `app.log` if its name is the log's name
followed by a number or a date (or with one before the extension), optionally with a compressor's suffix.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

COMPRESSORS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".lz4": "lz4", ".lzma": "lzma"}
_SUFFIX = "|".join(re.escape(each) for each in (*COMPRESSORS, ".Z", ".zip"))
# logrotate's `dateformat` by its output pattern; the first match counts. Compiled when needed: every command that reads
# an experiment imports this.
_DATES = {
    f"{sep}{form}": rf"{re.escape(sep)}{pattern}"
    for form, pattern in (
        ("%Y%m%d", r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"),
        ("%Y-%m-%d", r"20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"),
        ("%Y%m%d%H", r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])"),
        ("%Y%m%d%H%M", r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d"),
        ("%Y%m%d%H%M%S", r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"),
        ("%Y%m%d-%H", r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-(?:[01]\d|2[0-3])"),
        ("%Y%m%d-%H%M%S", r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"),
        ("%Y-%m-%d-%H", r"20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])-(?:[01]\d|2[0-3])"),
        ("%Y%m%d-%s", r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-1\d{9}"),
        ("%s", r"1\d{9}"),
    )
    for sep in ("-", ".", "_")
}
_LIKE_AN_ARCHIVE = re.compile(
    rf"[._-].*\d.*|.*[._-](?:old|bak|orig|prev|save)|.*(?:{_SUFFIX})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Archive:
    path: Path
    naming: str  # `number`, or a dateformat
    number: int  # of a numbered one, else 0
    stamp: str  # of a dated one, as in its name
    before_extension: bool  # app.1.log, not app.log.1
    compressed: str  # the compressor's suffix, or empty


@dataclass(slots=True)
class Kept:
    """A log's archives, and similar names beside it that are not understood."""

    archives: list[Archive] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)


def kept_of(log: Path, logs: Iterable[Path]) -> Kept:
    """The archives of a log in its directory and the directories directly below it; `logs` are other live logs.

    Raises OSError if the directory cannot be read.
    """
    kept, live = Kept(), {each.name for each in logs if each.parent == log.parent}
    beside = sorted(os.scandir(log.parent), key=lambda entry: entry.name)
    files = [Path(entry.path) for entry in beside if not entry.is_dir(follow_symlinks=False)]
    stem = log.name.removesuffix(log.suffix) if log.suffix else log.name
    names = {file.name for file in files if file.name.startswith(stem)}
    for file in files:
        if file.name in live or not file.name.startswith(stem) or _of_another(file.name, log.name, names):
            continue
        if (archive := parse(file, log.name)) is not None:
            kept.archives.append(archive)
        elif file.name.startswith(log.name) and _LIKE_AN_ARCHIVE.fullmatch(file.name[len(log.name) :]):
            kept.unknown.append(file)
    for entry in beside:
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            kept.archives += _below(Path(entry.path), log.name)
    return kept


def parse(path: Path, log: str) -> Archive | None:
    """Parse a name as an archive of the log `log`; None for any other file."""
    name, compressed = path.name, ""
    if found := re.search(rf"({_SUFFIX})$", name):
        name, compressed = name[: found.start()], found.group()
    stem, dot, extension = log.rpartition(".")
    if name.startswith(log) and (told := _tail(name[len(log) :])):
        return Archive(path, *told, False, compressed)
    around = bool(stem) and name.startswith(stem) and name.endswith(dot + extension)
    if around and (told := _tail(name[len(stem) : -len(dot + extension)])):
        return Archive(path, *told, True, compressed)
    return None


def yesterdays(archives: Iterable[Archive]) -> bool:
    """True if dated archives carry the day before their creation (`dateyesterday`): most ended on the day after."""
    days = [(_day(each), datetime.fromtimestamp(each.path.stat().st_mtime).date()) for each in archives]
    later = [changed - day == timedelta(days=1) for day, changed in days if day is not None]
    return sum(later) * 2 > len(later)


def _tail(text: str) -> tuple[str, int, str] | None:
    if re.fullmatch(r"\.(?:0|[1-9]\d{0,4})", text):
        return "number", int(text[1:]), ""
    for form, pattern in _DATES.items():
        if re.fullmatch(pattern, text):
            return form, 0, text
    return None


def _day(archive: Archive) -> date | None:
    digits = re.sub(r"\D", "", archive.stamp)[:8]
    return datetime.strptime(digits, "%Y%m%d").date() if "%Y" in archive.naming else None


def _of_another(name: str, log: str, names: Iterable[str]) -> bool:
    """True if the file is, or is an archive of, a log with a longer name."""
    others = (
        other
        for other in names
        if len(other) > len(log) and other != name and parse(Path(other), log) is None
    )
    return any(parse(Path(name), other) is not None for other in others)


def _below(directory: Path, log: str) -> list[Archive]:
    try:
        found = [parse(Path(entry.path), log) for entry in os.scandir(directory) if not entry.is_dir()]
    except OSError:  # unreadable for this user; logrotate would use it only if configured to
        return []
    return [archive for archive in found if archive is not None]
