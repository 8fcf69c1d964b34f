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
    one, four = ledger.record(7, 1)[1], ledger.record(7, 4)[1]
    changed = "0" * 16
    found = {1: [one], 3: [changed], 4: [four, four], 5: [ledger.record(7, 5)[1], changed], 9: [changed]}
    rows = ledger.compare(7, [5, 4, 3, 2, 1], found)
    expected = [(1, State.PRESENT), (2, State.MISSING), (3, State.DIFFERS)]
    expected += [(4, State.DOUBLED), (5, State.DIFFERS), (9, State.FOREIGN)]
    assert rows.tolist() == expected


def test_nothing_due_and_nothing_found_is_an_empty_table() -> None:
    rows = ledger.compare(7, [], {})
    assert len(rows) == 0
    assert rows.dtype == ledger.DTYPE
