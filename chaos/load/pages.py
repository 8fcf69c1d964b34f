"""A target's list of records, page by page."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx

from chaos.load.asker import Asker, Unread, Unreadable
from chaos.load.by_key import document_of
from chaos.load.keys import canonical, text_of
from chaos.load.ledger import Held
from chaos.load.sources import Found, Keys
from chaos.spec import jsonrecords
from chaos.spec.ledger import LedgerWrite, Page

_AFTER = "{after}"
_GONE = (404,)
_ABSENT = object()


class Record(NamedTuple):
    """A key in canonical form, and what its record holds."""

    key: str
    held: Held


class _Answer(NamedTuple):
    records: list[Record | None]  # None: without a key
    items: list[Any]  # the records as they are listed: a page is empty without any, not without keys
    document: Any
    response: httpx.Response

    @property
    def with_keys(self) -> list[Record]:
        return [record for record in self.records if record is not None]

    def repeats(self, other: _Answer) -> bool:
        same = self.records == other.records if self.with_keys else self.items == other.items
        return bool(self.items) and same


class Listing:
    """`read: {list: PATH}`. A page that comes twice, or a list that goes on where it should not, is never taken for
    its end.
    """

    whole = True
    blind = ""

    def __init__(self, asker: Asker, keys: Keys) -> None:
        self._asker, self._keys, self._ledger = asker, keys, keys.ledger
        self._read, self._page = keys.ledger.read, keys.ledger.read.page
        self._items = jsonrecords.record_of(self._read.keys or "$")

    @property
    def compared(self) -> bool:
        return self._ledger.held is not None

    def read(self, keys: Collection[str]) -> Found:  # noqa: ARG002 (a list gives all)
        """What the list has of this run, whatever is asked for. Raises Unread."""
        found: dict[str, list[Held]] = {}
        for record in self.between(self._keys.base, self._keys.last):
            if self._keys.seq_of(record.key) is not None:
                found.setdefault(record.key, []).append(record.held)
        return found

    def between(self, above: int, last: int) -> Iterator[Record]:
        """The records, of which only those with a number in (above, last] are sure to be among them. Raises Unread.

        If the list is in order of numbers, only pages that can hold these are read; else, the whole list.
        """
        if self.in_order:
            yield from self._ordered(above, last)
            return
        for answer in self._answers(_filled(self._read.list or "", self._first_page())):
            yield from answer.with_keys

    @property
    def in_order(self) -> bool:
        """True if the keys are the numbers of writes, in order."""
        return self._page is not None and self._page.after is not None and self._ledger.key == "{seq}"

    def _ordered(self, above: int, last: int) -> Iterator[Record]:
        """By `{after}`, with numbers for keys: from the first possible page to the last."""
        asked, seen = above, above
        while True:
            what = f"the page after {asked}"
            answer = self._answer(
                _filled(self._read.list or "", {"after": asked, "limit": self._read.limit}), what
            )
            numbers = [(int(record.key), record) for record in answer.with_keys if record.key.isdecimal()]
            for number, record in numbers:
                if above < number <= last:
                    if number < seen or (asked > above and number <= asked):
                        raise Unread(f"{what} is out of order: it has {number} after {seen}")
                    seen = number
                    yield record
            highest = max((number for number, _ in numbers), default=asked)
            if highest > last or self._is_last(answer, what) or not answer.items:
                return
            if highest <= asked:
                raise Unread(f"{what} has nothing beyond that, and is not the last")
            asked = highest

    def _answers(self, address: str | None) -> Iterator[_Answer]:
        asked: set[str] = set()
        previous: _Answer | None = None
        number, count = 1, 0
        while address is not None:
            if address in asked:
                raise Unread(f"the list goes round: page {number} is {_shown(address)} again")
            asked.add(address)
            what = f"page {number} ({_shown(address)})"
            answer = self._answer(address, what, _GONE if number > 1 and self._counts else ())
            if answer.response.status_code in _GONE:
                return  # beyond the last page
            if previous is not None and self._counts and answer.repeats(previous):
                raise Unreadable(
                    f"{what} repeats the one before: the list ignores what the path requests, or goes on past its "
                    "end; leave `page` out if one page is all, or say what is true in the last one: last: JSONPATH"
                )
            yield answer
            previous, count = answer, count + len(answer.items)
            address = self._next(answer, number, count, what)
            number += 1

    @property
    def _counts(self) -> bool:
        """True if the next address is computed, not given by the answer."""
        return self._page is not None and self._page.kind in ("offset", "after")

    def _first_page(self) -> dict[str, object]:
        page = self._page
        if page is not None and page.offset is not None:
            return {"offset": 0, "page": 1, "limit": page.offset}
        return {"after": None, "cursor": None, "limit": self._read.limit}

    def _next(self, answer: _Answer, number: int, count: int, what: str) -> str | None:
        """The address of the page after this one; None after the last."""
        page, path = self._page, self._read.list or ""
        if page is None:
            self._refuse_more(answer)
            return None
        if self._is_last(answer, what):
            return None
        if page.kind == "link":
            return _linked(answer.response)
        if page.kind == "cursor":
            return self._at_cursor(page, answer)
        if not answer.items:
            return None
        if page.offset is not None:
            return _filled(path, {"offset": count, "page": number + 1, "limit": page.offset})
        if not answer.with_keys:
            raise Unreadable(
                f"{what} has records, but no key after which to go on: use page: {{offset: N}} or {{cursor: JSONPATH}}"
            )
        return _filled(path, {"after": answer.with_keys[-1].key, "limit": self._read.limit})

    def _at_cursor(self, page: Page, answer: _Answer) -> str | None:
        cursor = jsonrecords.first(page.cursor or "$", answer.document)
        if cursor is None or cursor is False or cursor == "":
            return None
        if not isinstance(cursor, str | int):
            raise Unreadable(f"{page.cursor} is neither text nor a number: it is not a cursor")
        path = self._read.list or ""
        if "{cursor}" in path:
            return _filled(path, {"cursor": cursor, "limit": self._read.limit})
        return str(answer.response.url.join(str(cursor)))

    def _refuse_more(self, answer: _Answer) -> None:
        """Raises Unreadable if the only page is obviously not all."""
        limit = self._read.limit
        if _linked(answer.response) is not None:
            raise Unreadable("the list has a Link header to a next page: add page: {link: true}")
        if "{limit}" in (self._read.list or "") and len(answer.items) >= limit:
            raise Unreadable(
                f"the list has as many records as the limit, {limit}: say how to get the next page, as page: {{...}}"
            )

    def _is_last(self, answer: _Answer, what: str) -> bool:
        if self._page is None or self._page.last is None:
            return False
        last = jsonrecords.first(self._page.last, answer.document, _ABSENT)
        if last is _ABSENT:
            raise Unreadable(f"{what} has no {self._page.last}: correct `last`")
        return last is True

    def _answer(self, address: str, what: str, missing: Collection[int] = ()) -> _Answer:
        def parse(response: httpx.Response) -> _Answer:
            if response.status_code in missing:
                return _Answer([], [], None, response)
            document = document_of(response)
            items = [node.value for node in jsonrecords.find(self._items, document)]
            return _Answer(records_of(self._ledger, document), items, document, response)

        return self._asker.read(address, what, parse, missing)


def records_of(ledger: LedgerWrite, document: Any) -> list[Record | None]:
    """The records of a page, None for each whose key is null. Raises ValueError if it is no page of this list."""
    keys, held = ledger.read.keys or "$", ledger.held
    around = jsonrecords.list_of(keys) or "$"
    inside = jsonrecords.first(around, document, _ABSENT)
    if inside is _ABSENT or not isinstance(inside, list | dict | None):
        raise ValueError(f"it has no list at {_plain(around)}")
    nodes = jsonrecords.find(keys, document)
    if inside and not nodes:
        raise ValueError(f"it has records, but none has a key at {keys}")
    depth = jsonrecords.depth_of((keys, held)) or 0 if held is not None else 0
    beside = {node.location[:depth]: node.value for node in jsonrecords.find(held, document)} if held else {}
    if held is not None and nodes and not beside:
        raise ValueError(f"it has records, but none has a value at {held}")
    return [_record(node.value, beside.get(node.location[:depth])) for node in nodes]


def _record(key: Any, held: Any) -> Record | None:
    text = canonical(key)
    return None if text is None else Record(text, text_of(held))


def _linked(response: httpx.Response) -> str | None:
    """The address in `Link: <...>; rel="next"` (RFC 8288); None without one."""
    for link in response.links.values():
        if "next" in (link.get("rel") or "").lower().split() and "url" in link:
            return str(response.url.join(link["url"]))
    return None


def _filled(path: str, values: dict[str, object]) -> str:
    """The path with its names filled in; a parameter of the query whose value is not known yet is left out."""
    before, sign, query = path.partition("?")
    unknown = {f"{{{name}}}" for name, value in values.items() if value is None}
    parts = [part for part in query.split("&") if part.partition("=")[2] not in unknown]
    text = before + (sign + "&".join(parts) if parts else "")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", "" if value is None else quote(str(value), safe=""))
    return text


def _plain(path: str) -> str:
    return path.replace("['", ".").replace("']", "")


def _shown(address: str) -> str:
    """Without the host, and not too long: cursors may be."""
    path = httpx.URL(address).raw_path.decode(errors="replace")
    return path if len(path) <= 80 else path[:79] + "…"
