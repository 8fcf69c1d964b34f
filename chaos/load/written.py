"""The writes of a run, by the route that wrote them, with the keys under which they are looked for."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from chaos.load import ledger
from chaos.load.keys import canonical, key_text
from chaos.load.sources import Keys
from chaos.record.hits import HitTable, Outcome
from chaos.spec.ledger import LedgerWrite


@dataclass(frozen=True, slots=True)
class Written:
    """The writes of one route."""

    keys: Keys
    due: Collection[int]  # sequence numbers
    unasked: Collection[int] = ()  # not looked for: never sent, not promised, or without a key
    unknown: Collection[int] = ()  # acknowledged under a key that is not on record
    shared: Mapping[int, str] = field(
        default_factory=dict
    )  # writes that were given the key of an earlier one


def of_route(
    ways: LedgerWrite, table: HitTable, code: int, base: int, noted: Mapping[int, Mapping[str, Any]]
) -> Written:
    """The writes of the route with this code; `noted` is what the load process noted about some."""
    rows = table[(table["route"] == code) & (table["seq"] >= 0)]
    due = [int(seq) for seq in rows["seq"]]
    unsent = (
        {int(seq) for seq in rows["seq"][rows["outcome"] == Outcome.UNSENT]}
        if ways.read.kind == "get"
        else set()
    )
    unpromised = {seq for seq in due if not noted.get(seq, {}).get("acknowledged", True)}
    last = ledger.end_of(base, int(max(table["seq"], default=0)))
    if not ways.is_chosen:
        asked = [seq for seq in due if seq not in unsent and seq not in unpromised]
        keys = {canonical(key_text(ways.key, base + seq)) or "": seq for seq in asked}
        return Written(Keys(ways, base, last, keys), due, unsent | unpromised)
    shown = {seq: noted[seq]["key"] for seq in due if seq not in unpromised and "key" in noted.get(seq, {})}
    given = {seq: canonical(key) or str(key) for seq, key in shown.items()}
    chosen: dict[str, int] = {}
    for seq, key in given.items():
        chosen.setdefault(key, seq)
    shared = {seq: key for seq, key in given.items() if chosen[key] != seq}
    good = {int(seq) for seq in rows["seq"][rows["outcome"] == Outcome.GOOD]}
    without = set(due).difference(given)
    texts = {key: str(shown[seq]) for key, seq in chosen.items() if str(shown[seq]) != key}
    return Written(Keys(ways, base, last, chosen, texts), due, without, without & good - unpromised, shared)


def read_notes(path: Path) -> dict[int, dict[str, Any]]:
    """What the load process noted in `keys.jsonl`, by sequence number; a torn last line is left out."""
    found: dict[int, dict[str, Any]] = {}
    if not path.exists():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict) and isinstance(document.get("seq"), int):
            found[document["seq"]] = document
    return found


def codes(table: HitTable) -> list[int]:
    """The codes of the routes that wrote."""
    return [int(code) for code in np.unique(table["route"][table["seq"] >= 0])]
