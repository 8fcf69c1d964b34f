"""What midnight measured against what the target itself says it did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from chaos.record.hits import Outcome
from tests.calibration import known_night, oracle
from tests.calibration.known_night import OUTAGES, TIMEOUT, Night, seqs, written
from tests.conftest import traces
from tests.midnight import Midnight

pytestmark = pytest.mark.alone
JUDGED = ("availability", "latency", "burn_rate", "recovery", "loss")


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Night]]:
    """The two nights, played at the same time: neither takes much of the machine."""
    plays = {"bad": known_night.bad, "sound": known_night.sound}
    with ThreadPoolExecutor() as pool:
        begun = {
            name: pool.submit(night, Midnight(tmp_path_factory.mktemp(name))) for name, night in plays.items()
        }
        played = {name: night.result() for name, night in begun.items()}
    yield played
    for night in played.values():
        assert traces(night.midnight.run.id) == set()


@pytest.fixture
def bad(nights: dict[str, Night]) -> Night:
    return nights["bad"]


@pytest.fixture
def sound(nights: dict[str, Night]) -> Night:
    return nights["sound"]


def near(planted: float) -> float:
    """How far a measured length may be from a planted one: 1 %, or 100 ms where that is more."""
    return max(0.01 * planted, 0.1)


def test_a_bad_night_fails_every_check_that_judges_the_target(bad: Night) -> None:
    assert bad.done.code == 1, bad.done.err + bad.done.out
    assert {check: bad.outcomes()[check] for check in JUDGED} == {check: {"fail"} for check in JUDGED}
    assert bad.verdict["headline"].startswith("FAIL: for ")


def test_a_sound_night_passes_every_check_that_judges_the_target(sound: Night) -> None:
    assert sound.done.code == 0, sound.done.err + sound.done.out
    assert {check: sound.outcomes()[check] for check in JUDGED} == {check: {"pass"} for check in JUDGED}
    assert re.match(
        r"PASS: [\d,]+ of [\d,]+ requests were answered well.*none of [\d,]+ acknowledged writes was lost",
        sound.verdict["headline"],
    )


def test_every_outage_is_as_long_as_it_was_planted_ours_or_not(bad: Night) -> None:
    """One by our step, one with a lucky request in it, one of flapping, one that ends in half a recovery."""
    found = bad.finding("recovery", "rto")["evidence"]["outages"]
    assert len(found) == len(OUTAGES)
    for outage, (start, end) in zip(found, OUTAGES, strict=True):
        assert abs(outage["length"] - (end - start)) <= near(end - start)
        assert abs(outage["start"] - (bad.go + start)) <= 0.1


def test_the_outages_are_just_those_that_the_servers_own_record_gives(bad: Night) -> None:
    well, (start, end) = bad.good_by_the_server(), bad.play
    night = [oracle.Hit(float(due), int(seq) in well) for due, seq in bad.in_play()[["due", "seq"]].tolist()]
    expected = oracle.proven(night, start, end, oracle.Rule(Fraction(99, 100), 1.0, 1.5))
    found = bad.finding("recovery", "rto")["evidence"]["outages"]
    assert [(each["start"], each["end"]) for each in found] == expected


def test_an_outage_that_no_step_caused_is_all_the_targets_and_ours_is_held_apart(bad: Night) -> None:
    ours, *others = bad.finding("recovery", "recovery")["evidence"]["outages"]
    assert ours["held"] >= 2.3 and ours["recovery"] <= 0.2
    assert [each["held"] for each in others] == [0.0] * 3
    assert bad.finding("recovery", "recovery")["measured"] == others[-1]["length"]


def test_the_good_hits_are_just_those_that_the_server_answered_well(bad: Night, sound: Night) -> None:
    for night in (bad, sound):
        assert night.good_by_the_product() == night.good_by_the_server()


def test_availability_is_the_planted_ratio_exactly(bad: Night) -> None:
    due = seqs(bad.in_play())
    good = len(due & bad.good_by_the_server())
    evidence = bad.finding("availability", "availability")["evidence"]
    assert (evidence["good"], evidence["due"], evidence["indeterminate"]) == (good, len(due), 0)
    assert bad.verdict["figures"]["availability"] == good / len(due)


def test_availability_counts_every_route_as_the_server_does(sound: Night) -> None:
    start, end = (sound.zero + each for each in sound.play)
    answered = [entry for entry in sound.record.answered_well(TIMEOUT) if entry["route"].startswith("/items")]
    reads = sound.table[sound.table["seq"] < 0]
    assert int((reads["outcome"] == Outcome.GOOD).sum()) == len(answered)
    in_play = sum(start <= entry["at"] for entry in answered)
    good = in_play + len(seqs(sound.in_play()) & sound.good_by_the_server())
    assert sound.finding("availability", "availability")["evidence"]["good"] == good
    assert all(entry["at"] < end + TIMEOUT for entry in answered)


def test_acknowledged_and_lost_is_counted_exactly_with_its_age_span(bad: Night) -> None:
    forgotten, altered = bad.record.of("forget"), bad.record.of("alter")
    different = written(altered) - written(forgotten)
    assert len(forgotten) > 20 and len(different) > 5
    evidence = bad.finding("loss", "lost_writes")["evidence"]
    assert (evidence["missing"], evidence["different"]) == (len(forgotten), len(different))
    assert bad.finding("loss", "lost_writes")["measured"] == len(forgotten) + len(different)
    lost = [entry for entry in [*forgotten, *altered] if entry["answered"] is not None]
    oldest = min(entry["answered"] for entry in lost) - bad.zero
    newest = max(entry["answered"] for entry in lost) - bad.zero
    assert 0 <= evidence["oldest_lost"] - oldest <= 0.1
    assert 0 <= evidence["newest_lost"] - newest <= 0.1


def test_the_rpo_reaches_from_the_outage_back_to_the_oldest_write_that_is_missing(bad: Night) -> None:
    oldest = min(entry["answered"] for entry in bad.record.of("forget")) - bad.zero
    start = bad.finding("recovery", "rto")["evidence"]["outages"][0]["start"]
    assert abs(bad.finding("loss", "rpo")["measured"] - (start - oldest)) <= 0.1


def test_doubled_records_are_counted(bad: Night, sound: Night) -> None:
    for night in (bad, sound):
        spoilt = written(night.record.of("forget", "alter"))
        doubled = written(night.record.of("double")) - spoilt
        assert len(doubled) > 5
        assert night.finding("loss", "lost_writes")["evidence"]["doubled"] == len(doubled)


def test_writes_that_timed_out_but_arrived_are_listed_apart(sound: Night) -> None:
    late = written(sound.record.of("slow"))
    garbled = written(sound.record.of("garbage")) - late
    assert len(late) > 3 and len(garbled) > 3
    evidence = sound.finding("loss", "lost_writes")["evidence"]
    assert (evidence["timed_out_present"], evidence["refused_present"]) == (len(late), len(garbled))
    assert evidence["lost_writes"] == 0


def test_garbage_is_a_bad_body_and_a_late_answer_a_timeout(sound: Night) -> None:
    by_seq = {int(row["seq"]): Outcome(row["outcome"]) for row in sound.table if row["seq"] >= 0}
    late = written(sound.record.of("slow"))
    assert {by_seq[seq] for seq in late} == {Outcome.TIMEOUT}
    assert {by_seq[seq] for seq in written(sound.record.of("garbage")) - late} == {Outcome.BAD_JSON}


def test_no_answer_is_dated_before_it_was_given_nor_a_request_after_it_came(bad: Night) -> None:
    """Both sides read the same clock, so this holds to the last digit."""
    rows = {int(row["seq"]): row for row in bad.table}
    for entry in bad.record.answered_well(TIMEOUT):
        if entry["seq"] is not None:
            row = rows[entry["seq"]]
            assert row["due"] <= row["sent"] <= entry["at"] - bad.zero
            assert entry["answered"] - bad.zero <= row["done"]


def test_a_latency_is_the_servers_own_and_little_more(bad: Night) -> None:
    rows = {int(row["seq"]): row for row in bad.table}
    slow = [entry for entry in bad.record.of("slow") if entry["answered"] is not None]
    assert len(slow) > 50
    measured = np.array([rows[entry["seq"]]["done"] - rows[entry["seq"]]["due"] for entry in slow])
    true = np.array([entry["answered"] - entry["at"] for entry in slow])
    assert true.min() >= 0.08 and true.max() >= 0.12, "it grew as it was told to"
    assert np.median(measured - true) <= 0.02
