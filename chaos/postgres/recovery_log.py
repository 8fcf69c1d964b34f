"""Parse a recovering server's log: where replay began and ended, how long it took, what stopped it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from chaos.postgres.wal import Lsn, lsn

_REDO_START = re.compile(r"redo starts at (\S+)")
_REDO_DONE = re.compile(
    r"redo done at (\S+)(?: system usage: CPU: user: ([\d.]+) s, system: ([\d.]+) s, elapsed: ([\d.]+) s)?"
)
_STOPPED = re.compile(r"LOG: +(recovery stopping .*)")
_LAST = re.compile(
    r"last completed transaction was at log time (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)\+00"
)
_TIMELINE = re.compile(r"selected new timeline ID: (\d+)")
_RESTORED = re.compile(r'restored log file "([0-9A-F]{24})" from archive')
# Not those of sessions, which the prefix identifies: they were merely rejected.
_ENDED = re.compile(r"\] (?:FATAL|PANIC): +(.*)")
_BROKEN = re.compile(
    r"LOG: +((?:incorrect|invalid|unexpected|record with|could not|contrecord|there is no contrecord|WAL file is)"
    r".*)"
)


@dataclass(frozen=True, slots=True)
class Recovery:
    """One recovery, by the server's own log. None or empty: not reported."""

    start: Lsn | None
    end: Lsn | None  # start of the last record replayed
    cpu_seconds: float | None
    elapsed_seconds: float | None
    stopped: str  # "recovery stopping before commit of transaction 745, time ..."
    last_transaction: datetime | None  # when the last recovered transaction was committed
    timeline: int | None  # the new one
    restored: tuple[str, ...]  # segments fetched from the archive
    fatal: str
    broken: tuple[str, ...]  # its complaints about the WAL it read


def read_recovery(text: str) -> Recovery:
    """From the log of one start, in UTC and untranslated."""
    done = _REDO_DONE.search(text)
    user, system, elapsed = (done[2], done[3], done[4]) if done else (None, None, None)
    last = _LAST.search(text)
    return Recovery(
        start=_place(_REDO_START.search(text)),
        end=_place(done),
        cpu_seconds=float(user) + float(system) if user and system else None,
        elapsed_seconds=float(elapsed) if elapsed else None,
        stopped=(_STOPPED.findall(text) or [""])[0],
        last_transaction=datetime.fromisoformat(last[1]).replace(tzinfo=UTC) if last else None,
        timeline=int(new[1]) if (new := _TIMELINE.search(text)) else None,
        restored=tuple(_RESTORED.findall(text)),
        fatal=(_ENDED.findall(text) or [""])[0],
        broken=tuple(_BROKEN.findall(text)),
    )


def _place(match: re.Match[str] | None) -> Lsn | None:
    return lsn(match[1]) if match else None
