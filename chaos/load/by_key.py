"""The ledger read back with one GET for each key."""

from __future__ import annotations

import json
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx

from chaos.load.asker import AT_ONCE, Asker, Unread, Unreadable
from chaos.load.expectations import Answer, Expectation
from chaos.load.keys import text_of
from chaos.load.ledger import Held
from chaos.load.sources import Found, Keys
from chaos.load.values import Values
from chaos.spec import jsonrecords

GONE = (404, 410)
_NOTHING = (b"null", b"[]")
_ABSENT = object()


class ByKey:
    """`read: {get: PATH}`: 404, 410 and what `missing` says mean that a key is missing; any other failure says nothing
    about it."""

    whole = False
    blind = "GET by key sees no record that is stored twice, and none that was never to be written"

    def __init__(self, asker: Asker, keys: Keys) -> None:
        self._asker, self._keys = asker, keys
        read = keys.ledger.read
        self._path, self._held = read.get or "", keys.ledger.held
        self._missing = Expectation(read.missing, Values()) if read.missing is not None else None
        self._gone = (*GONE, *(read.missing.status if read.missing is not None else ()))

    @property
    def compared(self) -> bool:
        return self._held is not None

    def read(self, keys: Collection[str]) -> Found:
        """At most `AT_ONCE` requests at a time. Raises Unread."""
        found: dict[str, list[Held]] = {}
        nowhere = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = [(key, pool.submit(self._one, key)) for key in keys]
            try:
                for key, future in answers:
                    if (held := future.result()) is not None:
                        nowhere += held == (_ABSENT,)
                        found[key] = [None if each is _ABSENT else text_of(each) for each in held]
            except Unread:
                self._asker.stop()
                pool.shutdown(cancel_futures=True)
                raise
        if found and nowhere == len(found):
            raise Unreadable(
                f"none of the {len(found)} records that were read has a {self._held}: correct `payload`"
            )
        return found

    def _one(self, key: str) -> tuple[Any, ...] | None:
        """What its record holds; None if there is none."""
        url = self._path.replace("{key}", quote(self._keys.as_sent(key), safe=""))
        return self._asker.read(url, f"GET {url}", partial(self._held_in, url), self._gone)

    def _held_in(self, url: str, answer: httpx.Response) -> tuple[Any, ...] | None:
        """Raises Unreadable, and ValueError for what may come back usable if it is asked for again."""
        if answer.status_code in GONE or self._says_missing(answer):
            return None
        if not answer.is_success:
            raise Unreadable(
                f"GET {url} was answered with {answer.status_code}, but not as `missing` says",
                answer.status_code,
            )
        if answer.content.strip() in _NOTHING:
            said = answer.content.strip().decode()
            raise Unreadable(
                f"GET {url} was answered with {answer.status_code} and {said}, not with 404: "
                "say so in `missing`, or use a list"
            )
        if self._held is None:
            return (None,)
        return (jsonrecords.first(self._held, document_of(answer), _ABSENT),)

    def _says_missing(self, answer: httpx.Response) -> bool:
        if self._missing is None:
            return False
        raw = [(name.lower(), value) for name, value in answer.headers.raw]
        headers = [each for each in raw if each[0] != b"content-encoding"]  # the content is unpacked already
        return self._missing.broken(Answer(answer.status_code, answer.content, headers)) is None


def document_of(answer: httpx.Response) -> Any:
    """The JSON of an answer. Raises ValueError; its message does not quote the answer."""
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
