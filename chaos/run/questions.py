"""Ask a target one question: SQL that reads, a GET, or a command of its file."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from chaos.errors import MidnightError, TargetError
from chaos.load import asker
from chaos.plugin.handles import Handles
from chaos.postgres import one_value
from chaos.postgres.one_value import exact
from chaos.record.store import RunDir
from chaos.run import commands
from chaos.spec.invariants import PRIMARY, Invariant
from chaos.spec.units import show_seconds

SERVICE = "api"
LONGEST = 200  # characters of an answer in text
LARGEST = 1_000_000  # bytes of a body
_INTEGER = re.compile(r"0|[1-9][0-9]*")


@dataclass(frozen=True, slots=True)
class Answer:
    """A number, a truth or a text; or the reason why there is none."""

    value: bool | int | float | str | None = None
    because: str = ""


def ask(invariant: Invariant, handles: Handles, run: RunDir | None = None, when: str = "") -> Answer:
    """Ask once. A command needs a run, in which its output is kept under a name with `when`. Raises nothing that a
    target can cause."""
    try:
        if invariant.sql is not None:
            return _checked(_sql(invariant, handles))
        if invariant.http is not None:
            return _checked(_http(invariant, handles))
        assert run is not None
        return _checked(_command(invariant, handles, run, f"invariant-{invariant.name}-{when}"))
    except (MidnightError, psycopg.Error, httpx.HTTPError, httpx.InvalidURL) as error:
        return Answer(because=_line(error))


def startable(invariant: Invariant) -> str | None:
    """Return where a command is; None if there is none of that name."""
    return shutil.which(invariant.command[0]) if invariant.command else None


def _sql(invariant: Invariant, handles: Handles) -> Any:
    database = handles.databases.get(invariant.database or PRIMARY)
    if database is None:
        raise TargetError(f"the target has no database {invariant.database or PRIMARY!r}")
    # The service's own role: it is in the right database, and may do less than a superuser.
    dsn = database.dsns.get(SERVICE, database.admin_dsn)
    found = one_value.read(dsn, invariant.sql or "", invariant.within)
    if found is None:
        raise TargetError("the answer is NULL; for a number, write coalesce(..., 0)")
    return found


def _http(invariant: Invariant, handles: Handles) -> Any:
    status, body = _get(handles, invariant.http or "/", invariant.within)
    if not invariant.has_rule:
        return status
    if status != invariant.status if invariant.status else not 200 <= status <= 299:
        raise TargetError(f"answered with {status}, expected {invariant.status or '2xx'}")
    text = body.decode(errors="replace").strip()
    if invariant.pointer is None:
        return text
    try:
        document = json.loads(text, parse_float=exact, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise TargetError("the answer is not JSON") from error
    return resolve(document, invariant.pointer)


def _get(handles: Handles, path: str, within: float) -> tuple[int, bytes]:
    """The status and the body; redirects are not followed."""
    deadline, body = time.monotonic() + within, bytearray()
    with (
        asker.client(handles.base_url, handles.headers) as client,
        client.stream("GET", path, timeout=within) as answer,
    ):
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > LARGEST:
                raise TargetError(f"the answer is larger than {LARGEST} bytes")
            if time.monotonic() > deadline:
                raise TargetError(f"no complete answer within {show_seconds(within)}")
        return answer.status_code, bytes(body)


def _command(invariant: Invariant, handles: Handles, run: RunDir, name: str) -> Any:
    assert invariant.command is not None
    stop = threading.Event()
    timer = threading.Timer(invariant.within, stop.set)
    timer.daemon = True
    timer.start()
    try:
        done = commands.ran(run, handles.base_url, name, invariant.command, stop)
    finally:
        timer.cancel()
    if not invariant.has_rule:
        return done.code
    if done.code != 0:
        raise TargetError(f"{invariant.command[0]}: exit code {done.code}: {done.tail.splitlines()[-1]}")
    if done.tail == commands.NOTHING:
        raise TargetError(f"{invariant.command[0]}: it printed nothing")
    return done.tail.splitlines()[-1].strip()


def resolve(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901). Raises TargetError."""
    found = document
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(key)] if isinstance(found, list) and _INTEGER.fullmatch(key) else found[key]
        except (KeyError, IndexError, TypeError) as error:
            raise TargetError(f"the answer has no {pointer}") from error
    return found


def _checked(value: Any) -> Answer:
    if value is None:
        return Answer(because="the answer is null")
    if not isinstance(value, bool | int | float | str):
        return Answer(because="the answer is not a number, a text, true or false")
    if isinstance(value, str) and len(value) > LONGEST:
        return Answer(because=f"the answer is longer than {LONGEST} characters")
    if isinstance(value, int) and abs(value) >= 10**40:
        return Answer(because="the answer has more than 40 digits")
    return Answer(value)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
