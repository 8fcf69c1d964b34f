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
from tests.attach.files import RECORDS, experiment, target
from tests.attach.service import Service
from tests.midnight import Done, Midnight

pytestmark = pytest.mark.real

LIMIT = "limits: {lost_writes: 0}\n"
CLEANUP = 'cleanup: {path: "/records/{seq}"}\n'


def night(midnight: Midnight, service: Service, top: str = RECORDS) -> Done:
    file = target(midnight, service.url, top=top)
    return midnight("run", experiment(midnight, LIMIT), "--target", file, "--seed", "5")


def runs(midnight: Midnight) -> list[RunDir]:
    return sorted((RunDir(path.parent) for path in midnight.runs), key=lambda run: run.id)


def told(run: RunDir) -> dict[str, Any]:
    found = Journal(run).latest(ReadbackEnded)
    assert found is not None
    return dict(found.detail)


def load_of(run: RunDir) -> list[tuple[int, int]]:
    return [(row["route"], row["seq"]) for rows in Journal(run).hits.pieces() for row in rows]


def test_a_second_night_with_the_same_seed_sends_the_same_load_and_finds_its_own_losses(
    midnight: Midnight, service: Service
) -> None:
    service.first_wins = True
    first = night(midnight, service)
    kept = len(service.records)
    service.loses = 4
    second = night(midnight, service, RECORDS + CLEANUP)

    assert (first.code, second.code) == (0, 1), first.out + second.out
    one, two = runs(midnight)
    assert load_of(one) == load_of(two)
    lost = kept // 4
    assert f"{lost} of {kept} acknowledged writes lost, 0 allowed" in second.out
    assert f"{kept} records of 1 other run left aside" in second.out
    assert told(two)["cleanup"]["removed"] == {"own": kept - lost, "earlier": kept}
    assert service.records == {}


@pytest.mark.full
def test_two_concurrent_runs_and_one_after_a_killed_run_are_each_right(
    midnight: Midnight, service: Service, tmp_path_factory: pytest.TempPathFactory
) -> None:
    beside = Midnight(tmp_path_factory.mktemp("beside"))
    text = Path(experiment(midnight, LIMIT)).read_text().replace("for: 2s", "for: 100s")
    file = target(midnight, service.url, top=RECORDS + CLEANUP)
    process = midnight.start("run", midnight.file("long.yaml", text), "--target", file, "--seed", "5")
    while not service.records:
        assert process.poll() is None, (midnight.place / "output").read_text()
        time.sleep(0.05)  # the service is asked in a thread of its own
    short = night(beside, service, RECORDS + CLEANUP)
    assert short.code == 0, short.out
    apart, done = told(beside.run)["apart"], told(beside.run)["cleanup"]
    assert apart["named"] == [ledger.marker(ledger.base_of(midnight.run.id))]
    assert done["spared"] == apart["records"] > 0  # the other one may still be reading them back
    assert done["removed"]["own"] > 0 and done["left"] == 0

    process.kill()
    process.wait(30)
    after = night(midnight, service, RECORDS + CLEANUP)
    assert after.code == 0, after.out + after.err
    last = told(runs(midnight)[-1])
    assert last["cleanup"]["removed"]["earlier"] == last["apart"]["records"] > 0
    assert service.records == {}
