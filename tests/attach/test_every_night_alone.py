"""Whole nights on a service that keeps its records: each counts what it wrote itself, and nothing else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from chaos.load import ledger
from chaos.record.events import ReadbackEnded
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from tests.attach.files import RECORDS, REMOVED, experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.typed import typed

pytestmark = [pytest.mark.real, pytest.mark.wide]

LIMIT = "limits: {lost_writes: 0}\n"


def argv(midnight: Midnight, service: Service, ledger: str = RECORDS) -> tuple[str, ...]:
    file = target(midnight, service.url, ledger=ledger)
    return "run", experiment(midnight, LIMIT), "--target", file, "--seed", "5"


def runs(midnight: Midnight) -> list[RunDir]:
    return sorted((RunDir(path.parent) for path in midnight.runs), key=lambda run: run.id)


def told(run: RunDir) -> dict[str, Any]:
    found = Journal(run).latest(ReadbackEnded)
    assert found is not None
    return dict(found.detail)


def load_of(run: RunDir) -> list[tuple[int, int]]:
    return [(row["route"], row["seq"]) for rows in Journal(run).hits.pieces() for row in rows]


@pytest.mark.usefixtures("own_place")
def test_a_second_night_with_the_same_seed_sends_the_same_load_and_finds_its_own_losses(
    midnight: Midnight, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.first_wins = True
    first = typed(capsys, *argv(midnight, service))
    kept = len(service.records)
    service.loses = 4
    second = typed(capsys, *argv(midnight, service, RECORDS + REMOVED))

    assert (first.code, second.code) == (0, 1), first.out + second.out
    one, two = runs(midnight)
    assert load_of(one) == load_of(two)
    lost = kept // 4
    assert f"{lost} of {kept} acknowledged writes lost, 0 allowed" in second.out
    assert f"{kept} records of 1 other run left aside" in second.out
    assert told(two)["cleanup"]["removed"] == {"own": kept - lost, "earlier": kept}
    assert service.records == {}


@pytest.mark.usefixtures("own_place")
def test_a_baseline_that_ends_the_run_leaves_no_record(
    midnight: Midnight, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.bad_after = 1
    done = typed(capsys, *argv(midnight, service, RECORDS + REMOVED))
    assert done.code == 3 and "nothing was injected" in done.printed
    (run,) = runs(midnight)
    assert told(run)["cleanup"]["removed"]["own"] == len(service.removed) > 0
    assert service.records == {}


@pytest.mark.full
def test_two_concurrent_runs_and_one_after_a_killed_run_are_each_right(
    midnight: Midnight, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> None:
    beside = Midnight(tmp_path_factory.mktemp("beside"))
    text = Path(experiment(midnight, LIMIT)).read_text().replace("for: 2s", "for: 100s")
    file = target(midnight, service.url, ledger=RECORDS + REMOVED)
    process = midnight.start("run", midnight.file("long.yaml", text), "--target", file, "--seed", "5")
    while not service.records:
        assert process.poll() is None, (midnight.place / "output").read_text()
        time.sleep(0.05)  # the service is asked in a thread of its own
    short = beside(*argv(beside, service, RECORDS + REMOVED))
    assert short.code == 0, short.out
    apart, done = told(beside.run)["apart"], told(beside.run)["cleanup"]
    assert apart["named"] == [ledger.marker(ledger.base_of(midnight.run.id))]
    assert done["spared"] == apart["records"] > 0  # the other one may still be reading them back
    assert done["removed"]["own"] > 0 and done["left"] == 0

    process.kill()
    process.wait(30)
    after = midnight(*argv(midnight, service, RECORDS + REMOVED))
    assert after.code == 0, after.out + after.err
    last = told(runs(midnight)[-1])
    assert last["cleanup"]["removed"]["earlier"] == last["apart"]["records"] > 0
    assert service.records == {}
