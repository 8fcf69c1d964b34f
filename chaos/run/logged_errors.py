"""The errors that a target logs while it is played on: where its logs end before, and what they hold beyond after."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from chaos.engine import output
from chaos.errors import MidnightError
from chaos.host import log_archives
from chaos.log_errors import positions
from chaos.log_errors.files import PACKED
from chaos.log_errors.groups import Group
from chaos.log_errors.positions import Positions
from chaos.log_errors.reading import Reader
from chaos.plugin.handles import ContainerRef, Handles, LogFiles
from chaos.record.event import NOW
from chaos.record.events import ErrorsRead, LoggedError, LoggedFrame
from chaos.record.journal import Clock

MOST_GROUPS = 50
_PROXY = "proxy"
_MOST_STACKS = 20  # groups whose stack is kept
_LONGEST_STACK = 6000


def before(handles: Handles) -> Positions:
    """Where the target's logs end now."""
    return positions.take(_files(handles.logs, [])) if handles.logs is not None else positions.NOTHING


def after(
    handles: Handles, earlier: Positions, clock: Clock, since: float, until: float
) -> ErrorsRead | None:
    """Read what was written beyond, to files and by containers, and return the errors dated between two instants of
    the run clock, and those without a date. None for a target without logs. What cannot be read is named."""
    if handles.logs is None and not handles.containers:
        return None
    zero = clock.utc_at_zero().timestamp()
    # an entry dated to the whole second may be up to a second younger
    begin = math.floor(zero + since)
    # a second more on either side: entries may be dated to the whole second
    written = (earlier.at - 1.0, time.time() + 1.0) if earlier.at else None
    in_container = handles.logs is not None and handles.logs.container is not None
    reader = Reader(begin, zero + until, UTC if in_container else None, written)
    _read_files(handles.logs, earlier, reader)
    for ref in _containers(handles):
        _read_output(ref, begin, reader)
    errors = reader.errors()
    return ErrorsRead(
        NOW,
        errors=errors.count,
        files=errors.files,
        bytes=errors.bytes,
        groups=tuple(_logged(n, group, zero) for n, group in enumerate(errors.groups[:MOST_GROUPS])),
        left_out=errors.left_out + sum(group.count for group in errors.groups[MOST_GROUPS:]),
        unread=errors.unread,
    )


def _read_files(logs: LogFiles | None, earlier: Positions, reader: Reader) -> None:
    if logs is None:
        return
    unread = list[str]()
    found = list(_files(logs, unread))
    for path in found:
        if path.suffix in PACKED and path.with_suffix("") in found:
            continue  # being packed
        reader.read(earlier.since(path))
    for because in unread:
        reader.unreadable(because)


def _containers(handles: Handles) -> list[ContainerRef]:
    """The target's containers, each once; not the proxy, whose errors are those of the faults."""
    by_role = handles.containers.items()
    return list({ref.id: ref for role, refs in by_role if role != _PROXY for ref in refs}.values())


def _read_output(ref: ContainerRef, begin: float, reader: Reader) -> None:
    try:
        reader.read(positions.limited(output.since(ref, begin), f"output of {ref.name}"))
    except MidnightError as error:  # a log driver that cannot be read, or an engine that is gone
        reader.unreadable(f"output of {ref.name}: {error}")


def _files(logs: LogFiles, unread: list[str]) -> Iterator[Path]:
    """Every log with its archives; `unread` takes what is not there."""
    told: set[Path] = set()
    for log in (*logs.files, *logs.unrotated):
        live = _matching(log)
        if not live and (because := _missing(log, logs)):
            unread.append(because)
        for path in live:
            for each in (path, *_archives(path, live)):
                if each not in told and each.is_file():
                    told.add(each)
                    yield each


def _matching(log: Path) -> list[Path]:
    """The files that a path or pattern names, but not their archives."""
    found = sorted(log.parent.glob(log.name)) if log.parent.is_dir() else []
    return [each for each in found if not any(log_archives.parse(each, other.name) for other in found)]


def _missing(log: Path, logs: LogFiles) -> str:
    if logs.container is not None and not logs.directory.is_dir():
        return f"{logs.inside / log.name}: in container {logs.container.name}, and not read from there"
    return "" if log.parent.is_dir() else f"{log}: no such directory"


def _archives(log: Path, live: list[Path]) -> list[Path]:
    try:
        return [each.path for each in log_archives.kept_of(log, live).archives]
    except OSError:
        return []


def _logged(number: int, group: Group, zero: float) -> LoggedError:
    stack = group.stack
    return LoggedError(
        language=stack.language,
        exception=stack.exception,
        raised=stack.raised or None,
        message=group.message.text,
        messages=len(group.messages),
        count=group.count,
        first=None if group.first is None else group.first - zero,
        last=None if group.last is None else group.last - zero,
        frames=tuple(LoggedFrame(each.file, each.line or None, each.function) for each in stack.frames),
        stack=group.message.logged[:_LONGEST_STACK] if number < _MOST_STACKS else "",
    )
