"""Records that other runs left in the target: recognised by key and checksum, and counted apart.

Only a record whose checksum matches its key belongs to a run; everything else is foreign.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from chaos.load import ledger, pages
from chaos.load.pages import Pages, Record, Unread
from chaos.spec.target import Readback

SURVEY_WITHIN = 10.0  # seconds; a service may keep millions of records
MOST_NAMED = 20


@dataclass
class Survey:
    """Records under keys of runs, except this one's."""

    records: Counter[str] = field(default_factory=Counter)  # by the marker of their run
    others: int = 0  # under such keys, but not written by a run, or changed since
    whole: bool = True
    because: str = ""
    keys: list[int] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "records": self.records.total(),
            "runs": len(self.records),
            "named": sorted(self.records)[-MOST_NAMED:],
            "others": self.others,
            "whole": self.whole,
        }
        return told if self.whole else {**told, "because": self.because}


def survey(
    base_url: str,
    readback: Readback,
    base: int,
    writes: int,
    *,
    headers: Mapping[str, str],
    within: float = SURVEY_WITHIN,
) -> Survey:
    """Count what other runs have left, for at most `within` seconds. Never raises: unread records are reported."""
    found = Survey()
    with pages.client(base_url, headers) as client:
        listed = Pages(client, readback, time.monotonic() + within)
        try:
            for key, checksum in _around(listed, base, ledger.end_of(base, writes)):
                if ledger.is_ours(key, checksum):
                    found.records[ledger.marker(key)] += 1
                    found.keys.append(key)
                else:
                    found.others += 1
        except Unread as error:
            found.whole, found.because = False, str(error)
    return found


def _around(listed: Pages, base: int, end: int) -> Iterator[Record]:
    return chain(listed.between(ledger.LOWEST - 1, base), listed.between(end, ledger.HIGHEST - 1))
