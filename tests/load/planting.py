"""Writes of a run whose fate at the target is planted, and what a read-back must say of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from chaos.load import ledger, readback
from chaos.load.asker import Access
from chaos.load.keys import key_text
from chaos.load.ledger import State
from chaos.load.readback import Place, ReadbackResult
from chaos.load.written import Written, of_route
from chaos.record import hits
from chaos.record.hits import HitTable, Outcome
from chaos.spec.ledger import LedgerWrite

BASE = ledger.base_of("20261126T235900Z-a1b2c3")
FATES = ("kept", "lost", "changed", "null", "doubled")
STATES = dict(
    zip(FATES, (State.PRESENT, State.MISSING, State.DIFFERS, State.DIFFERS, State.DOUBLED), strict=True)
)
Fates = Sequence[str]


def fates(*but: str) -> st.SearchStrategy[Fates]:
    return st.lists(st.sampled_from([each for each in FATES if each not in but]), max_size=14)


@dataclass(frozen=True)
class Planted:
    """What the target holds, and what a read-back must find."""

    rows: list[tuple[Any, Any]]
    expected: list[tuple[int, int]]


def plant(fates: Fates, template: str, *, number: bool = False) -> Planted:
    """Records between some of others, under keys from the template; as numbers if the target keeps them so."""
    rows: list[tuple[Any, Any]] = [(7 if number else "theirs", "not midnight's")]
    expected: list[tuple[int, int]] = []
    for seq, fate in enumerate(fates, 1):
        key: Any = int(key_text(template, BASE + seq)) if number else key_text(template, BASE + seq)
        payload = ledger.record(BASE + seq)[0]
        held: dict[str, list[Any]] = {
            "kept": [payload],
            "changed": [payload[:-1]],
            "null": [None],
            "doubled": [payload] * 2,
        }
        rows += [(key, each) for each in held.get(fate, [])]
        expected.append((seq, STATES[fate]))
    return Planted([*rows, (9 if number else "others", None)], expected)


def table(path: Path, writes: int) -> HitTable:
    """A hit for each write, all acknowledged, between reads."""
    seq = np.array([number for each in range(1, writes + 1) for number in (each, -1)] or [-1])
    route = (seq < 0).astype(np.uint8)
    made = hits.create(path, np.arange(float(len(seq))), route, seq)
    made["outcome"] = Outcome.GOOD
    return made


def ways(**document: Any) -> LedgerWrite:
    return LedgerWrite.model_validate(document)


def writes(
    ways: LedgerWrite, path: Path, many: int, noted: dict[int, dict[str, Any]] | None = None
) -> Written:
    return of_route(ways, table(path, many), 0, BASE, noted or {})


def read(
    ways: LedgerWrite, written: Written, url: str = "", dsn: str = "", timeout: float = 30.0
) -> ReadbackResult:
    return readback.read_back(Place("write", ways, Access(url), dsn), written, timeout=timeout)


def because(statement: str, dsn: str, tmp_path: Path) -> str:
    """Why the read-back by this statement is not complete: no write is then called lost."""
    rule = ways(key="{uuid}", read={"sql": statement})
    found = read(rule, writes(rule, tmp_path / "hits.npy", 2), dsn=dsn)
    assert (found.complete, len(found.rows)) == (False, 0)
    return found.because
