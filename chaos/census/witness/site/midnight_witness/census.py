"""One census: what the process holds now, as a JSON document in the directory of the answers."""

from __future__ import annotations

import gc
import json
import os
import sys
from _thread import get_ident
from time import monotonic, sleep, time  # gevent replaces sleep later
from types import FrameType
from typing import Any

from . import allocator, containers, descriptors, forgotten, ledger, places, running, sessions
from .holders import Walk

VERSION = 1
_PACKAGE = __name__.rpartition(".")[0]
_LARGEST = 5_000_000  # bytes of a document
_REST = 0.001  # seconds in which requests are served


class _State:
    pid = 0
    counter = 0


def answer(directory: str) -> None:
    """Take a census, and write it as PID-COUNTER.json. The first one of a process is thrown away: what it imports and
    allocates would count as growth in the second.
    """
    began = monotonic()
    ledger.own_threads.add(get_ident())
    try:
        taken = _taken_or_error()
        head = {"version": VERSION, "began": began, "counter": _State.counter, "pid": os.getpid()}
        _write(directory, {**head, **taken})
    finally:
        _State.counter += 1
        ledger.own_threads.discard(get_ident())


def _taken_or_error() -> dict[str, Any]:
    """An error goes to the one who asked, not into the application's log."""
    first = _State.pid != os.getpid()
    if first:
        _State.pid, _State.counter = os.getpid(), 0
        containers.forget()
        ledger.own_threads.intersection_update({get_ident()})  # forked during a census of the parent's
    try:
        if first:
            _listen()
            _taken()
            _State.counter = 1
        _listen()
        return _taken()
    except Exception as error:
        return {"containers": [], "error": _words(error)}


def _words(error: Exception) -> str:
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    at = places.place(where.tb_frame.f_code, where.tb_lineno) if where is not None else "?"
    return f"{type(error).__name__}: {error}, at {at}"


def _listen() -> None:
    forgotten.listen()
    sessions.listen()


def _taken() -> dict[str, Any]:
    if gc.get_freeze_count():  # by a preloading server: what is frozen is in no list
        gc.unfreeze()
    gc.collect()
    allocated = {"blocks": sys.getallocatedblocks(), **allocator.counts()}
    objects = gc.get_objects()
    held = _held(objects, set(map(type, objects)))
    del objects[:]
    threads = running.threads()
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "at": time(),
        "library": list(places.library()),
        **held,
        **descriptors.held(),
        "threads": threads,
        "forgotten": forgotten.listed(),
        "counts": {**held["counts"], **allocated, "threads": sum(each["count"] for each in threads)},
    }


def _held(objects: list[Any], kinds: set[type]) -> dict[str, Any]:
    # A frame that was looked at stays an object until its function ends: counted, a waiting task would grow twice.
    counted = len(objects) - list(map(type, objects)).count(FrameType)
    greenlets = _of(objects, running.greenlets(kinds), lambda each: not each.dead)
    tasks = _of(objects, running.tasks(kinds), lambda each: not each.done())
    walk = Walk(lambda: sleep(_REST))
    walk.run(lambda name: name.partition(".")[0] == _PACKAGE)
    found = containers.Containers(walk)
    return {
        "counts": {"objects": counted, "greenlets": len(greenlets), "tasks": len(tasks)},
        "greenlets": running.by_spawning(greenlets),
        "tasks": running.by_waiting(tasks),
        "sessions": sessions.by_checkout(_of(objects, sessions.records(kinds), lambda _: True)),
        "containers": found.listed(_State.counter, containers.functions_of(objects)),
    }


def _of(objects: list[Any], kinds: set[type], wanted: Any) -> list[Any]:
    return [each for each in objects if type(each) in kinds and wanted(each)] if kinds else []


def _write(directory: str, document: dict[str, Any]) -> None:
    """Readers see a whole document or none. An earlier one that was never read is replaced."""
    stem = os.path.join(directory, f"{document['pid']}-")
    data = json.dumps(document).encode()
    while len(data) > _LARGEST and document["containers"]:
        document["containers"] = document["containers"][: len(document["containers"]) // 2]
        data = json.dumps(document).encode()
    temporary = stem + "new"
    try:
        _fill(temporary, data)
        os.rename(temporary, f"{stem}{document['counter']}.json")
    except OSError:  # full, or not ours to write to: the one who asked waits in vain, and says so
        _remove(temporary)
    _remove(f"{stem}{document['counter'] - 1}.json")


def _fill(path: str, data: bytes) -> None:
    _remove(path)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        while data:
            data = data[os.write(number, data) :]
    finally:
        os.close(number)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
