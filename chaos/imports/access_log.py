"""Access logs: routes, statuses and the rate of each hour, read line by line in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO, cast
from zoneinfo import ZoneInfo

from chaos.imports import bodies, hours, unwanted
from chaos.imports.hours import Hours
from chaos.imports.imported import Imported, ImportedRoute, Request, counted
from chaos.imports.log_lines import Logged, Parser, parse
from chaos.imports.source import Source, encoding_of
from chaos.imports.tally import Tally
from chaos.imports.withheld import Withheld

LONGEST = 64 * 1024
"""Maximum bytes of a line; servers cut theirs far below."""

_PROBED = 1000  # lines without a request before the file is refused
_NO_HTTP = "connections without an HTTP request"
_WEBSOCKET = "WebSocket connections"
_FAR = "times years from the others"
_BODIED = ("POST", "PUT", "PATCH")
_NO_BODY = "an access log has no bodies: write what a client sends, as json:, form: or body:"
_NEWLINE, _NUL = b"\n", b"\0"


def read(sources: Sequence[Source], base_url: str | None = None, zone: ZoneInfo | None = None) -> Imported:
    """Raises FileError for a file in which no line is a request."""
    reading = _Reading(zone)
    for source in sources:
        reading.file(source)
    routes = [_with_note(each) for each in reading.tally.routes()]
    if not routes:
        raise sources[0].refused("holds no request that could be loaded")
    rates = reading.hours.rates()
    return Imported(
        "access-log",
        ", ".join(each.shown for each in sources),
        tuple(routes),
        base_url,
        night=hours.quietest(rates),
        day=hours.busiest(rates),
        hours=rates,
        secrets=reading.withheld.used,
        left_out=tuple(reading.left_out()),
        notes=tuple(reading.notes()),
    )


def _with_note(route: ImportedRoute) -> ImportedRoute:
    return replace(route, notes=(*route.notes, _NO_BODY)) if route.method in _BODIED else route


class _Reading:
    def __init__(self, zone: ZoneInfo | None) -> None:
        self.tally, self.withheld, self.hours = Tally(), Withheld(), Hours(zone)
        self._zone, self._parser = zone, cast("Parser | None", None)
        self._malformed, self._first, self._zoneless = 0, "", 0

    def file(self, source: Source) -> None:
        parsed, number, first = 0, 0, 0
        with source.opened() as file:
            for number, line in enumerate(_lines(file), start=1):
                if not line or line.startswith("#") or line.isspace():
                    continue
                first = first or number
                if self._line(line, source, number):
                    parsed += 1
                elif not parsed and number - first >= _PROBED:
                    break
        if not parsed and first:
            raise source.refused("not an access log: no format that midnight reads (docs/import.md)", first)
        if not parsed:
            raise source.refused("not an access log: it is empty")

    def _line(self, line: str, source: Source, number: int) -> bool:
        found = parse(line, self._parser)
        if found is None:
            self._malformed += 1
            self._first = self._first or f"{source.shown}:{number}"
            return False
        logged, self._parser = found
        self._counted(logged)
        return True

    def _counted(self, logged: Logged) -> None:
        left_out = self.tally.left_out
        path, _, query = logged.target.partition("?")
        if not logged.method:
            left_out[_NO_HTTP] += 1
        elif logged.status == 101:
            left_out[_WEBSOCKET] += 1
        elif why := unwanted.why(logged.method, path, logged.agent):
            left_out[why] += 1
        else:
            self._loaded(logged, path, query)

    def _loaded(self, logged: Logged, path: str, query: str) -> None:
        if not self.hours.add(logged.at, logged.offset):
            self.tally.left_out[_FAR] += 1
            return
        self._zoneless += logged.offset is None and self._zone is None
        seen = self.tally.seen(logged.method, path, _NOTHING)
        if seen is None:
            return
        if logged.status:
            seen.statuses[logged.status] += 1
        if query and seen.request is _NOTHING:
            seen.request = Request(bodies.pairs(bodies.parsed(query[:4096]), self.withheld, "query"))

    def left_out(self) -> Iterator[str]:
        if self._malformed:
            yield f"not understood: {counted(self._malformed, 'line')}, the first at {self._first}"
        yield from self.tally.shown_left_out()

    def notes(self) -> Iterator[str]:
        if self._zoneless:
            yield f"{counted(self._zoneless, 'line')} without a time zone: taken as UTC"
        if silent := self.hours.silent:
            yield f"{counted(silent, 'hour')} without any request: not taken as the quietest"


_NOTHING = Request()


def _lines(file: BinaryIO) -> Iterator[str]:
    """Lines without their ends; one that is too long comes cut. NUL bytes before a line, as truncating a log that is
    open leaves them, are skipped."""
    start = cast(io.BufferedReader, file).peek(4)[:4]
    if (wide := encoding_of(start)) is not None:
        text = io.TextIOWrapper(file, wide, errors="replace")
        while line := text.readline(LONGEST):
            yield line.rstrip("\r\n")
        text.detach()
        return
    cut = False
    while chunk := file.readline(LONGEST):
        whole = chunk.endswith(_NEWLINE)
        chunk = chunk.lstrip(_NUL) if not cut else chunk
        if not cut and chunk:
            yield chunk.decode("utf-8", "replace").strip("\r\n\ufeff")
        cut = not whole and (cut or bool(chunk))
