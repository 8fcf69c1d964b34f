"""A run's writes are known by key and checksum alone, and those of other runs are not taken for its own."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest

from chaos.load import ledger
from chaos.load.ledger import State

TONIGHT, YESTERDAY = (ledger.base_of(f"202611{day}T235900Z-a1b2c3") for day in (26, 25))
BESIDE = ledger.base_of("20261126T235900Z-b1b2c3")


def test_a_record_is_known_from_its_key_alone() -> None:
    payload, checksum = ledger.record(TONIGHT + 1)
    assert ledger.record(TONIGHT + 1) == (payload, checksum)
    assert checksum == hashlib.sha256(payload.encode()).hexdigest()[:16]
    assert 150 <= len(payload) <= 250


def test_the_same_number_of_another_run_has_another_key_payload_and_checksum() -> None:
    keys = [base + 1 for base in (TONIGHT, YESTERDAY, BESIDE)]
    assert len(set(keys)) == len({ledger.record(key) for key in keys}) == 3
    assert [len(str(key)) for key in keys] == [16] * 3
    assert len({len(ledger.record(key)[0]) for key in keys}) == 1  # the same load, byte for byte in length


def test_the_payload_says_in_words_which_run_wrote_it() -> None:
    assert ledger.record(TONIGHT + 17)[0].startswith("midnight 20261126-a1b2c 17 ")
    assert ledger.day_of(TONIGHT + 17) == date(2026, 11, 26)


@pytest.mark.parametrize("run", ["20240101T000000Z-000000", "20991231T235959Z-ffffff"])
def test_a_key_is_exact_as_a_double_and_as_a_bigint(run: str) -> None:
    last = ledger.end_of(ledger.base_of(run), 20_000_000)
    assert ledger.LOWEST <= ledger.base_of(run) < last < ledger.HIGHEST
    assert int(float(last)) == last < 2**53


def test_the_last_run_of_a_day_stays_within_it() -> None:
    assert ledger.end_of(ledger.base_of("20261126T235900Z-ffffff"), 1_000_000) < ledger.base_of(
        "20261127T000000Z-000000"
    )


def test_an_id_that_is_not_a_runs_has_no_key() -> None:
    with pytest.raises(ValueError, match="is not a run id"):
        ledger.base_of("stack-embedded-a1b2c3")


@pytest.mark.parametrize(
    ("key", "checksum", "ours"),
    [
        (YESTERDAY + 3, ledger.record(YESTERDAY + 3)[1], True),
        (YESTERDAY + 3, ledger.record(YESTERDAY + 4)[1], False),
        (3, ledger.record(3)[1], False),
        (YESTERDAY + 3, "0123456789abcdef", False),
    ],
    ids=["as it was written", "of another key", "a key below all of ours", "somebody else's"],
)
def test_a_record_is_ours_by_its_key_and_its_checksum(key: int, checksum: str, ours: bool) -> None:
    assert ledger.is_ours(key, checksum) is ours


def test_every_due_number_gets_one_state_and_foreign_ones_are_reported() -> None:
    one, four = ledger.record(TONIGHT + 1)[1], ledger.record(TONIGHT + 4)[1]
    changed = "0" * 16
    twice = [ledger.record(TONIGHT + 5)[1], changed]
    found = {1: [one], 3: [changed], 4: [four, four], 5: twice, 9: [changed]}
    rows = ledger.compare(TONIGHT, [5, 4, 3, 2, 1], found)
    expected = [(1, State.PRESENT), (2, State.MISSING), (3, State.DIFFERS)]
    expected += [(4, State.DOUBLED), (5, State.DIFFERS), (9, State.FOREIGN)]
    assert rows.tolist() == expected


def test_an_empty_ledger_without_records_gives_an_empty_table() -> None:
    rows = ledger.compare(TONIGHT, [], {})
    assert len(rows) == 0
    assert rows.dtype == ledger.DTYPE
