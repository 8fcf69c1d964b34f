"""The ledger read back from the target, until two complete reads agree."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import httpx
import numpy as np
import numpy.typing as npt

from chaos import tls
from chaos.hits import HitTable
from chaos.load import ledger
from chaos.target import Readback

PAUSE = 0.5
"""Seconds between two reads, and before a page is asked for again: a write that was still on its way
when the first read passed shows in the second."""
PASSES = 10
TRIES = 5  # of one page
PAGE_TIMEOUT = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class ReadbackResult:
    """`rows` are (seq, state) as `ledger.compare` gives them; empty when the read-back is not complete."""

    rows: npt.NDArray[np.void]
    complete: bool
    reads: int  # complete reads of the whole list
    because: str


class _Unread(Exception):
    """The list could not be read whole; the message says why."""


def read_back(
    base_url: str,
    readback: Readback | None,
    table: HitTable,
    seed: int,
    *,
    timeout: float,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> ReadbackResult | None:
    """What the target holds of every write that was due, read within `timeout` seconds. Blocks.

    None when the target has no way to read the ledger back. Complete only when two reads of the whole
    list in a row agree; everything else is told in `because`, never raised.
    """
    if readback is None:
        return None
    deadline = time.monotonic() + timeout
    due = [int(seq) for seq in table["seq"] if seq >= 0]
    previous: dict[int, list[str]] | None = None
    reads = 0
    verify, within = tls.trust(base_url), PAGE_TIMEOUT
    with httpx.Client(
        base_url=base_url, headers=headers, timeout=within, trust_env=False, verify=verify
    ) as client:
        try:
            while reads < PASSES:
                found = _read_whole(client, readback, deadline)
                reads += 1
                if found == previous:
                    because = f"{reads} reads, the last two agree on {len(found)} records"
                    return ReadbackResult(ledger.compare(seed, due, found), True, reads, because)
                previous = found
                time.sleep(PAUSE)
            because = f"{PASSES} complete reads and no two in a row agree: the records still change"
        except _Unread as error:
            because = str(error)
    return ReadbackResult(np.empty(0, dtype=ledger.DTYPE), False, reads, because)


def _read_whole(client: httpx.Client, readback: Readback, deadline: float) -> dict[int, list[str]]:
    """The checksums by sequence number of every record, page by page. Raises _Unread.

    A record that stands twice is seen where both stand on one page.
    """
    found: dict[int, list[str]] = {}
    after = 0
    while True:
        asked = after
        records, last = _page(client, readback, asked, deadline)
        for seq, checksum in records:
            if seq <= asked or seq < after:
                raise _Unread(f"the page after {after} is out of order: it holds {seq}")
            found.setdefault(seq, []).append(checksum)
            after = seq
        if last:
            return found
        if not records:
            raise _Unread(f"the page after {after} is empty, and not the last")


def _page(
    client: httpx.Client, readback: Readback, after: int, deadline: float
) -> tuple[list[tuple[int, str]], bool]:
    path = readback.path.replace("{after}", str(after)).replace("{limit}", str(readback.limit))
    because = ""
    for _ in range(TRIES):
        if time.monotonic() > deadline:
            raise _Unread(f"time ran out at the page after {after}: {because or 'the list is long'}")
        try:
            answer = client.get(path).raise_for_status().json()
            records = [(int(item["seq"]), str(item["checksum"])) for item in answer["records"]]
            return records, bool(answer["last"])
        except httpx.HTTPStatusError as error:  # its own words are two lines, and advice for a browser
            because = f"it was answered with {error.response.status_code}"
        except httpx.HTTPError as error:
            because = str(error) or type(error).__name__
        except (ValueError, KeyError, TypeError) as error:  # its words would quote the answer, cut anywhere
            because = f"it holds no records of seq and checksum ({type(error).__name__})"
        time.sleep(PAUSE)
    raise _Unread(f"the page after {after} failed {TRIES} times: {because}")
