"""What a run finds at a target that keeps its records: its own, those of other runs, and those of others."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from chaos.errors import FileError, NoVerdict
from chaos.load import asker, ledger, leftovers, readback
from chaos.load.asker import Access
from chaos.load.ledger import State
from chaos.load.readback import Place
from chaos.plan.planned import Plan
from chaos.plugin.handles import Handles
from chaos.record import hits
from chaos.record.store import RunDir
from chaos.run import own_records
from chaos.spec.target import Target, load
from tests.attach.service import Service

BY_KEY = {"path": "/records/{key}"}
READ = {
    "list": "/records?after={after}&limit={limit}",
    "limit": 6,
    "rate": 10_000,
    "keys": "$.records[*].seq",
    "payload": "$.records[*].checksum",
    "page": {"after": "key", "last": "$.last"},
}
ALL = {key: value for key, value in READ.items() if key not in ("page", "limit")}
WRITES = 20
TODAY = f"{datetime.now(UTC):%Y%m%d}"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(readback, "PAUSE", 0.0)
    monkeypatch.setattr(asker, "PAUSE", 0.0)
    found = Service()
    found.start()
    yield found
    found.stop()


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path))
    return tmp_path / "tiny"


def run_of(reports: Path, name: str) -> RunDir:
    """A run of this machine that has written `WRITES` records."""
    run = RunDir(reports / name)
    run.path.mkdir(parents=True)
    run.run_file.write_text("{}")
    hits.create(run.hits, np.arange(float(WRITES)), np.zeros(WRITES, np.uint8), np.arange(WRITES) + 1)
    return run


def write(service: Service, run_id: str, but: tuple[int, ...] = ()) -> set[int]:
    """The service keeps what that run wrote, but for some of it; the keys."""
    base = ledger.base_of(run_id)
    keys = {base + seq for seq in range(1, WRITES + 1) if seq not in but}
    service.records.update({key: ledger.record(key)[1] for key in keys})
    return keys


def target(read: dict[str, Any] = READ, remove: dict[str, Any] | None = None) -> Target:
    write = {"method": "POST", "path": "/records", "json": {"seq": "{seq}", "checksum": "{checksum}"}}
    ledger = {"key": "{seq}", "read": read, "remove": remove}
    return Target.model_validate(
        {"name": "t", "driver": "attach", "routes": {"write": {**write, "ledger": ledger}}}
    )


def place(service: Service, read: dict[str, Any] = READ) -> Place:
    ledger = target(read).routes["write"].ledger
    assert ledger is not None
    return Place("write", ledger, Access(service.url))


def played(target: Target) -> Plan:
    experiment = SimpleNamespace(load=SimpleNamespace(mix={"write": 1}))
    return cast(Plan, SimpleNamespace(target=target, experiment=experiment))


def read(
    service: Service, run: RunDir, remove: dict[str, Any] | None = None, how: dict[str, Any] = READ
) -> dict[str, Any]:
    found = own_records._read(played(target(how, remove)), Handles(base_url=service.url), run)
    assert found is not None and found.complete, found
    return dict(found.event().detail)


def states(run: RunDir) -> list[tuple[int, int]]:
    return [(int(seq), int(state)) for seq, state in np.load(run.readback)]


def test_among_records_of_other_runs_and_of_others_exactly_its_own_are_counted(
    service: Service, reports: Path
) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    base = ledger.base_of(run.id)
    write(service, run.id, but=(3, 9))
    for other in ("20261125T235900Z-a1b2c3", "20261126T235900Z-a1b2d3", "20261127T000100Z-000000"):
        write(service, other)
    service.records |= {
        5: "theirs",
        base - 40_000_000: "theirs",
        base + WRITES + 7: "theirs",
        2**62: "theirs",
    }

    found = read(service, run)
    expected = [(seq, State.MISSING if seq in (3, 9) else State.PRESENT) for seq in range(1, WRITES + 1)]
    assert states(run) == [*expected, (WRITES + 7, State.FOREIGN)]
    named = ["20261125-a1b2c", "20261126-a1b2d", "20261127-00000"]
    assert found["apart"] == {
        "records": 3 * WRITES, "runs": 3, "named": named, "others": 1, "whole": True,
    }  # fmt: skip


def test_this_runs_writes_are_missing_on_a_restored_backup_despite_those_of_earlier_runs(
    service: Service, reports: Path
) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    write(service, "20261125T235900Z-a1b2c3")
    read(service, run)
    assert states(run) == [(seq, State.MISSING) for seq in range(1, WRITES + 1)]


def test_the_read_back_skips_a_hundred_thousand_old_records(
    service: Service, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    write(service, run.id)
    old = ledger.base_of("20261101T000000Z-000000")
    service.records |= dict.fromkeys(range(old, old + 100_000), "theirs")
    monkeypatch.setattr(leftovers, "survey", lambda *_: None)
    assert read(service, run)["reads"] == 2
    assert {state for _, state in states(run)} == {State.PRESENT}
    assert len(service.asked) == 2 * -(-WRITES // 6)


def test_a_survey_that_runs_out_of_time_is_reported_and_the_run_is_still_judged(
    service: Service, reports: Path
) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    write(service, run.id)
    found = leftovers.survey(place(service), ledger.base_of(run.id), WRITES, within=-1.0)
    assert found is not None
    assert not found.whole and "time ran out" in found.because


def test_only_records_of_ended_runs_that_are_as_they_were_written_are_removed(
    service: Service, reports: Path
) -> None:
    run = run_of(reports, f"{TODAY}T120000Z-a1b2c3")
    ended = run_of(reports, f"{TODAY}T110000Z-b1b2c3").id
    playing = run_of(reports, f"{TODAY}T113000Z-c1b2c3")
    elsewhere, ancient = f"{TODAY}T110000Z-d1b2c3", "20250101T000000Z-e1b2c3"
    gone = write(service, run.id) | write(service, ended) | write(service, ancient)
    kept = write(service, playing.id) | write(service, elsewhere)
    damaged = ledger.base_of(ancient) + 2
    service.records |= {damaged: "changed", 5: "theirs", ledger.base_of(run.id) - 3: "theirs"}
    with playing.lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = read(service, run, BY_KEY)["cleanup"]

    assert sorted(service.removed) == sorted(gone - {damaged})
    assert set(service.records) == kept | {damaged, 5, ledger.base_of(run.id) - 3}
    assert found == {"removed": {"own": WRITES, "earlier": 2 * WRITES - 1}, "left": 0, "spared": 2 * WRITES}


def test_a_refused_removal_is_given_up_and_reported(service: Service, reports: Path) -> None:
    run = run_of(reports, f"{TODAY}T120000Z-a1b2c3")
    kept = write(service, run.id)
    found = read(service, run, {"method": "POST", "path": "/nowhere/{key}"})["cleanup"]
    assert found["removed"] == {"own": 0, "earlier": 0} and found["left"] == WRITES
    assert found["because"] == "POST /nowhere/{key} was answered with 404"
    assert set(service.records) == kept
    assert sum(path.startswith("/nowhere") for path, _ in service.asked) == 3


def test_keys_that_are_taken_before_the_run_has_written_are_refused(service: Service, reports: Path) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    base = ledger.base_of(run.id)
    write(service, "20261125T235900Z-a1b2c3")
    readback.refuse_taken(place(service), base, WRITES)
    write(service, run.id)
    with pytest.raises(NoVerdict, match=f"already has a record with key {base + 1}, .* start the run again"):
        readback.refuse_taken(place(service), base, WRITES)


def test_a_list_that_ignores_its_range_and_returns_everything_is_read_too(
    service: Service, reports: Path
) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    write(service, run.id, but=(4,))
    write(service, "20261125T235900Z-a1b2c3")
    found = read(service, run, how={**ALL, "list": "/records?after=0&limit=1000"})
    assert [seq for seq, state in states(run) if state == State.MISSING] == [4]
    assert found["apart"]["records"] == WRITES


def test_one_page_that_does_not_say_that_it_is_all_is_not_complete(service: Service, reports: Path) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    write(service, run.id)
    plan = played(target({**ALL, "list": "/records?after=0&limit={limit}", "limit": 10}))
    found = own_records._read(plan, Handles(base_url=service.url), run)
    assert found is not None and not found.complete
    assert "as many records as the limit, 10" in found.because


def test_two_routes_that_write_to_one_list_are_read_back_each(service: Service, reports: Path) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    numbers = np.arange(WRITES) + 1
    hits.create(run.hits, np.arange(float(WRITES)), (numbers % 2).astype(np.uint8), numbers)
    write(service, run.id, but=(4, 7))
    both = target(READ, BY_KEY)
    both = both.model_copy(update={"routes": {"even": both.routes["write"], "odd": both.routes["write"]}})
    experiment = SimpleNamespace(load=SimpleNamespace(mix={"even": 1, "odd": 1}))
    plan = cast(Plan, SimpleNamespace(target=both, experiment=experiment))
    found = own_records._read(plan, Handles(base_url=service.url), run)
    assert found is not None and found.complete and found.cleanup is not None
    lost = (4, 7)
    assert states(run) == [(n, State.MISSING if n in lost else State.PRESENT) for n in range(1, WRITES + 1)]
    assert found.cleanup == {"removed": {"own": WRITES - 2, "earlier": 0}, "left": 0, "spared": 0}
    assert found.because.startswith("even: 2 reads, ") and "; odd: 2 reads, " in found.because


@pytest.mark.parametrize("old", ["ledger: true", "readback: {path: /a}", 'cleanup: {path: "/records/{seq}"}'])
def test_a_file_of_the_time_of_one_read_back_gets_one_line_with_the_new_keys(
    tmp_path: Path, old: str
) -> None:
    file = tmp_path / "t.yaml"
    routes = "routes:\n  write:\n    method: POST\n    path: /a\n"
    file.write_text(f"name: t\ndriver: attach\n{routes}{'    ' if 'true' in old else ''}{old}\n")
    with pytest.raises(FileError) as refused:
        load(file)
    (line,) = refused.value.lines
    assert (
        line.startswith(f"{file}:7: ")
        and 'is now `ledger: {key: "{seq}", payload: JSONPATH, read: {list: ' in line
    )
