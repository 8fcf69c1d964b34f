"""A run as it is written: the events of its journal, whichever process plays it, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from chaos.console.sentences import sentence
from chaos.console.words import instant
from chaos.history.entry import Entry
from chaos.record.event import Event
from chaos.record.lines import read_events
from chaos.record.manifest import Manifest
from chaos.record.store import RunDir
from chaos.undo.heal import in_progress
from chaos.undo.locks import is_locked
from chaos.web.acting import Visitor
from chaos.web.memory import Memory
from chaos.web.rendering import about, page, problem

LOOK = 0.5  # seconds between two looks at a journal: nothing announces its lines
REMIND = 15.0  # seconds after which a silent stream shows that it is alive


@dataclass(frozen=True, slots=True)
class Said:
    at: str
    text: str


def said(event: Event) -> Said:
    return Said(instant(event.at), _sentence(event))


def _sentence(event: Event) -> str:
    try:
        return sentence(event)
    except Exception:  # a journal of any age or program is shown as far as it can be
        return f"{event.source} {event.name} {event.phase}"


def events_of(run: RunDir) -> list[Said]:
    """Return what the journal says so far; a torn last line waits for its end."""
    try:
        return [said(event) for event in read_events(run)]
    except (OSError, ValueError):
        return []


def find(memory: Memory, run: str) -> RunDir | None:
    """Return a run in progress, or a stored one."""
    begun = next((each for each in in_progress() if each.id == run), None)
    if begun is not None:
        return begun
    found = memory.run(run)
    return found[1] if found else None


def shown(memory: Memory, run: str, visitor: Visitor) -> Response:
    found = find(memory, run)
    if found is None:
        return problem(404, f"no run {run!r} on this machine")
    playing = in_progress()
    return page(
        "live.html",
        title=f"run {run} live",
        run=run,
        entry=about(found),
        active=is_locked(found),
        stoppable=found in playing,
        scenarios=_scenarios(found, playing),
        events=events_of(found),
        visitor=visitor,
    )


def _scenarios(suite: RunDir, playing: list[RunDir]) -> list[tuple[str, Entry]]:
    """Return the runs in progress that belong to this suite, which has no events of its own."""
    entries = ((run, about(run)) for run in playing if run != suite)
    return [
        (run.id, entry)
        for run, entry in entries
        if entry is not None and entry.part and Manifest.load(run.run_file).part_of == suite.id
    ]


async def stream(memory: Memory, run: str, after: str) -> Response:
    """Send the events after the first `after`, then each new one; end when no process plays the run any more."""
    found = await run_in_threadpool(find, memory, run)
    if found is None:
        return await run_in_threadpool(problem, 404, f"no run {run!r} on this machine")
    sent = int(after[:9]) if after.isdecimal() else 0
    return StreamingResponse(follow(found, sent), media_type="text/event-stream")


async def follow(run: RunDir, sent: int, look: float = LOOK) -> AsyncIterator[str]:
    quiet, size = 0.0, -1
    while True:
        active = await run_in_threadpool(is_locked, run)  # before reading: what it wrote last is read, too
        grown = _size(run.events) + _size(run.healer_events)
        if grown != size:
            size, quiet = grown, 0.0
            for number, each in enumerate((await run_in_threadpool(events_of, run))[sent:], start=sent + 1):
                sent = number
                yield _message("told", {"at": each.at, "text": each.text}, number)
        if not active:
            yield _message("end", {"run": run.id})
            return
        quiet += look
        if quiet >= REMIND:
            quiet = 0.0
            yield ": still playing\n\n"
        await asyncio.sleep(look)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _message(kind: str, data: dict[str, str], number: int | None = None) -> str:
    """One server-sent event; JSON has no line breaks, so a text cannot end it early."""
    numbered = f"id: {number}\n" if number is not None else ""
    return f"{numbered}event: {kind}\ndata: {json.dumps(data)}\n\n"
