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
from chaos.load import ledger, leftovers, pages, readback
from chaos.load.ledger import State
from chaos.plan.planned import Plan
from chaos.plugin.handles import Handles
from chaos.record import hits
from chaos.record.store import RunDir
from chaos.run import own_records
from chaos.spec.target import Target, load
from tests.attach.service import Service

BY_KEY = {"path": "/records/{seq}"}
BY_LIST = {"method": "POST", "path": "/records/remove", "limit": 7}
WRITES = 20
TODAY = f"{datetime.now(UTC):%Y%m%d}"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(readback, "PAUSE", 0.0)
    monkeypatch.setattr(pages, "PAUSE", 0.0)
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


def read(
    service: Service, run: RunDir, cleanup: dict[str, Any] | None = None, limit: int = 6
) -> dict[str, Any]:
    document = {"name": "t", "driver": "attach", "cleanup": cleanup}
    document["readback"] = {"path": "/records?after={after}&limit={limit}", "limit": limit}
    plan = cast(Plan, SimpleNamespace(target=Target.model_validate(document)))
    found = own_records._read(plan, Handles(base_url=service.url), run)
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
    monkeypatch.setattr(leftovers, "SURVEY_WITHIN", -1.0)
    found = readback.read_back(
        service.url,
        Target.model_validate(
            {"name": "t", "driver": "a", "readback": {"path": "/records?after={after}&limit={limit}"}}
        ).readback,
        hits.open_table(run.hits),
        ledger.base_of(run.id),
        timeout=30.0,
    )
    assert found is not None and found.complete
    assert (found.rows["state"] == State.PRESENT).all()
    assert len(service.asked) == found.reads == 2


def test_a_survey_that_runs_out_of_time_is_reported_and_the_run_is_still_judged(
    service: Service, reports: Path
) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    write(service, run.id)
    base = ledger.base_of(run.id)
    target = Target.model_validate(
        {"name": "t", "driver": "a", "readback": {"path": "/records?after={after}&limit={limit}"}}
    )
    assert target.readback is not None
    found = leftovers.survey(service.url, target.readback, base, WRITES, headers={}, within=-1.0)
    assert not found.whole and "time ran out" in found.because


@pytest.mark.parametrize("cleanup", [BY_KEY, BY_LIST], ids=["one by one", "by lists"])
def test_only_records_of_ended_runs_that_are_as_they_were_written_are_removed(
    service: Service, reports: Path, cleanup: dict[str, Any]
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
        found = read(service, run, cleanup)["cleanup"]

    assert sorted(service.removed) == sorted(gone - {damaged})
    assert set(service.records) == kept | {damaged, 5, ledger.base_of(run.id) - 3}
    assert found == {"removed": {"own": WRITES, "earlier": 2 * WRITES - 1}, "left": 0, "spared": 2 * WRITES}


def test_a_refused_removal_is_given_up_and_reported(service: Service, reports: Path) -> None:
    run = run_of(reports, f"{TODAY}T120000Z-a1b2c3")
    kept = write(service, run.id)
    found = read(service, run, {"method": "POST", "path": "/nowhere/{seq}"})["cleanup"]
    assert found["removed"] == {"own": 0, "earlier": 0} and found["left"] == WRITES
    assert found["because"] == "POST /nowhere/{seq} was answered with 404"
    assert set(service.records) == kept
    assert sum(path.startswith("/nowhere") for path, _ in service.asked) == 3


def test_keys_that_are_taken_before_the_run_has_written_are_refused(service: Service, reports: Path) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    at = {"path": "/records?after={after}&limit={limit}"}
    target = Target.model_validate({"name": "t", "driver": "a", "readback": at}).readback
    assert target is not None
    base = ledger.base_of(run.id)
    write(service, "20261125T235900Z-a1b2c3")
    readback.refuse_taken(service.url, target, base, WRITES, {})
    write(service, run.id)
    with pytest.raises(NoVerdict, match=f"already has a record with key {base + 1}, .* start the run again"):
        readback.refuse_taken(service.url, target, base, WRITES, {})


def test_a_list_that_ignores_its_range_and_returns_everything_is_read_too(
    service: Service, reports: Path
) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    write(service, run.id, but=(4,))
    write(service, "20261125T235900Z-a1b2c3")
    document = {"name": "t", "driver": "a", "readback": {"path": "/records?after=0&limit=1000"}}
    plan = cast(Plan, SimpleNamespace(target=Target.model_validate(document)))
    found = own_records._read(plan, Handles(base_url=service.url), run)
    assert found is not None and found.complete and found.apart is not None
    assert [seq for seq, state in states(run) if state == State.MISSING] == [4]
    assert found.apart["records"] == WRITES


def test_a_list_without_a_place_for_the_key_and_with_a_second_page_is_not_complete(
    service: Service, reports: Path
) -> None:
    run = run_of(reports, "20261126T235900Z-a1b2c3")
    write(service, run.id)
    document = {"name": "t", "driver": "a", "readback": {"path": "/records?after=0&limit=10"}}
    plan = cast(Plan, SimpleNamespace(target=Target.model_validate(document)))
    found = own_records._read(plan, Handles(base_url=service.url), run)
    assert found is not None and not found.complete
    assert "has no {after}" in found.because


def test_a_cleanup_without_a_readback_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text('name: t\ndriver: attach\ncleanup: {path: "/records/{seq}"}\n')
    with pytest.raises(FileError, match=r"t.yaml:3: cleanup: needs `readback`"):
        load(file)
