"""Records that other runs left in the target: recognised by key and content, and counted apart.

Only a record that holds the payload or checksum of its key belongs to a run; everything else is foreign. Only a list
shows records that were not asked for.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from chaos.load import ledger
from chaos.load.asker import Unread
from chaos.load.keys import canonical, key_text, number_of, number_within
from chaos.load.pages import Listing, Record
from chaos.load.readback import Place, opened
from chaos.load.sources import Keys
from chaos.spec.ledger import LedgerWrite

SURVEY_WITHIN = 10.0  # seconds; a service may keep millions of records
MOST_NAMED = 20


@dataclass
class Survey:
    """Records under keys of runs, except this one's."""

    records: Counter[str] = field(default_factory=Counter)  # by the marker of their run
    others: int = 0  # under such keys, but not written by a run, or changed since
    whole: bool = True
    because: str = ""
    keys: list[tuple[str, str]] = field(
        default_factory=list
    )  # the marker of its run and its key, of each record

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "records": self.records.total(),
            "runs": len(self.records),
            "named": sorted(self.records)[-MOST_NAMED:],
            "others": self.others,
            "whole": self.whole,
        }
        return told if self.whole else {**told, "because": self.because}


def survey(place: Place, base: int, writes: int, *, within: float = SURVEY_WITHIN) -> Survey | None:
    """Count what other runs have left, for at most `within` seconds; None if nothing could show it.

    Never raises: unread records are reported.
    """
    ways, found = place.ledger, Survey()
    if ways.read.kind != "list" or ways.held is None:
        return None
    end = ledger.end_of(base, writes)
    with opened(place, Keys(ways, base, end), time.monotonic() + within) as source:
        assert isinstance(source, Listing)
        try:
            for record in _around(source, base, end):
                number = _number(ways, record)
                if number is None or base < number <= end:
                    continue
                if ledger.is_ours(number, record.held):
                    found.records[ledger.marker(number)] += 1
                    found.keys.append((ledger.marker(number), record.key))
                elif ledger.LOWEST <= number < ledger.HIGHEST:
                    found.others += 1
        except Unread as error:
            found.whole, found.because = False, str(error)
    return found


def _around(listed: Listing, base: int, end: int) -> Iterator[Record]:
    if listed.in_order:
        return chain(listed.between(ledger.LOWEST - 1, base), listed.between(end, ledger.HIGHEST - 1))
    return listed.between(base, end)


def _number(ways: LedgerWrite, record: Record) -> int | None:
    """The number of the write that a record may be: by its key, else by its payload."""
    by_key = None if ways.is_chosen else number_of(ways.key, record.key)
    if by_key is not None:
        return by_key
    number = number_within(record.held)
    if number is None or ways.is_chosen:
        return number
    return number if canonical(key_text(ways.key, number)) == record.key else None
