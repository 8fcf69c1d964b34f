"""A target's list of records, page by page."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from chaos.access import trust
from chaos.spec.target import Readback

PAUSE = 0.5  # seconds before a page is requested again
TRIES = 5  # of one page
PAGE_TIMEOUT = 10.0  # seconds
_AFTER = "{after}"

Record = tuple[int, str]
"""The key and the checksum of a record."""
T = TypeVar("T")


class Unread(Exception):
    """The list could not be read completely; the message says why."""


@contextmanager
def client(base_url: str, headers: Mapping[str, str]) -> Iterator[httpx.Client]:
    """A client for the target's records: direct, ignoring any proxy in the environment."""
    verify = trust.trust(base_url)
    with httpx.Client(
        base_url=base_url, headers=headers, timeout=PAGE_TIMEOUT, trust_env=False, verify=verify
    ) as opened:
        yield opened


class Pages:
    """The list behind a `readback`, read until `deadline` (time.monotonic())."""

    def __init__(self, asked: httpx.Client, readback: Readback, deadline: float) -> None:
        self._client, self._readback, self._deadline = asked, readback, deadline

    def between(self, above: int, last: int) -> Iterator[Record]:
        """The records with a key in (above, last], in order of their keys. Raises Unread.

        Only pages that can contain them are requested. Records with other keys are skipped, wherever they appear: a
        service may list everything it has, whatever the query. A duplicate is detected only if both copies are on one
        page.
        """
        asked, seen = above, above
        while True:
            records, is_last = self._page(asked)
            inside = [each for each in records if above < each[0] <= last]
            for key, checksum in inside:
                if key < seen or (asked > above and key <= asked):
                    raise Unread(f"the page after {asked} is out of order: it has {key} after {seen}")
                seen = key
                yield key, checksum
            highest = max((key for key, _ in records), default=asked)
            if is_last or highest > last:
                return
            if _AFTER not in self._readback.path:
                raise Unread("the list has more than one page, and the path of `readback` has no {after}")
            if highest <= asked:
                raise Unread(f"the page after {asked} has nothing beyond that, and is not the last")
            asked = highest

    def _page(self, after: int) -> tuple[list[Record], bool]:
        path = self._readback.path.replace(_AFTER, str(after))
        path = path.replace("{limit}", str(self._readback.limit))
        because = ""
        for _ in range(TRIES):
            if time.monotonic() > self._deadline:
                raise Unread(f"time ran out at the page after {after}: {because or 'the list is long'}")
            try:
                answer = self._client.get(path).raise_for_status().json()
                found = [record for item in answer["records"] if (record := _record(item)) is not None]
                return found, bool(answer["last"])
            except (
                httpx.HTTPStatusError
            ) as error:  # its own message is two lines long, with advice for a browser
                because = f"it was answered with {error.response.status_code}"
            except httpx.HTTPError as error:
                because = str(error) or type(error).__name__
            except (
                ValueError,
                KeyError,
                TypeError,
            ) as error:  # its message would quote the answer, truncated anywhere
                because = f"it has no records with seq and checksum ({type(error).__name__})"
            time.sleep(PAUSE)
        raise Unread(f"the page after {after} failed {TRIES} times: {because}")


def _record(item: Mapping[str, Any]) -> Record | None:
    """None for a record whose `seq` is not a number: midnight did not write it. Raises KeyError, TypeError."""
    seq = item["seq"]
    if isinstance(seq, int) or (isinstance(seq, str) and seq.isdecimal()):
        return int(seq), str(item["checksum"])
    return None
