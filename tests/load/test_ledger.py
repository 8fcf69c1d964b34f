from __future__ import annotations

import hashlib

from chaos.load import ledger
from chaos.load.ledger import State


def test_a_record_is_known_from_seed_and_number_alone() -> None:
    payload, checksum = ledger.record(7, 1)
    assert ledger.record(7, 1) == (payload, checksum)
    assert checksum == hashlib.sha256(payload.encode()).hexdigest()[:16]
    assert 150 <= len(payload) <= 250
    assert len({ledger.record(seed, seq)[1] for seed in (7, 8) for seq in (1, 2)}) == 4


def test_every_due_number_gets_one_state_and_strangers_are_told() -> None:
    found = {1: ledger.record(7, 1)[1], 3: "0" * 16, 9: ledger.record(7, 9)[1]}
    rows = ledger.compare(7, [3, 2, 1], found)
    assert rows.tolist() == [(1, State.PRESENT), (2, State.MISSING), (3, State.DIFFERS), (9, State.FOREIGN)]


def test_nothing_due_and_nothing_found_is_an_empty_table() -> None:
    rows = ledger.compare(7, [], {})
    assert len(rows) == 0
    assert rows.dtype == ledger.DTYPE
