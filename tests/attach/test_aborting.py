"""An abort condition ends a run early once it is proven, and leaves a healthy run alone."""

from __future__ import annotations

import signal
import subprocess

import numpy as np
import pytest

from chaos.record.hits import Outcome
from chaos.record.journal import Journal
from tests.attach.files import RECORDS, experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.real.healing import wait_for

pytestmark = [pytest.mark.real, pytest.mark.wide]


def longer(midnight: Midnight, seconds: int, more: str = "") -> str:
    """The tiny experiment with a longer play, and an objective that a service down half the time meets."""
    path = experiment(midnight, more)
    text = (midnight.place / "tiny.yaml").read_text()
    text = text.replace("for: 2s", f"for: {seconds}s").replace("availability: 99%", "availability: 1%")
    midnight.file("tiny.yaml", text)
    return path


@pytest.mark.full
def test_an_attached_service_that_goes_down_aborts_the_run_after_ten_seconds(
    midnight: Midnight, service: Service
) -> None:
    service.bad_after = 60
    file = longer(midnight, 40, "after_abort: 1s\n")
    done = midnight("run", file, "--target", target(midnight, service.url))

    assert done.code == 4, done.err + done.out
    (ended,) = (event for event in midnight.events() if (event.name, event.phase) == ("aftermath", "ended"))
    assert not ended.detail["back"]
    assert midnight.verdict["headline"].startswith("ABORTED: ")
    assert "abort condition 'target-down'" in midnight.verdict["headline"]
    (fired,) = (event for event in midnight.events() if event.source == "abort")
    assert (fired.name, fired.phase) == ("target-down", "fired")


BACK = "outage: {sustained: 2s}\nlimits: {recovery: 5s, lost_writes: 0}\n"


def aborted(midnight: Midnight, service: Service, more: str) -> subprocess.Popen[bytes]:
    """A run whose service went down, at the moment at which an abort condition has ended the play."""
    service.bad_after = 60
    file = target(midnight, service.url, ledger=RECORDS)
    process = midnight.start("run", longer(midnight, 40, more), "--target", file)
    wait_for(midnight, process, lambda event: (event.name, event.phase) == ("aftermath", "begun"))
    return process


def test_the_service_is_watched_after_an_abort_until_it_is_back_and_the_ledger_is_read(
    midnight: Midnight, service: Service
) -> None:
    process = aborted(midnight, service, BACK)
    service.bad_after = None
    code = process.wait(120)

    assert code in (1, 4), (midnight.place / "output").read_text()
    findings = {each["name"]: each for each in midnight.verdict["findings"]}
    (outage,) = findings["recovery"]["evidence"]["outages"]
    assert outage["end"] is not None and findings["recovery"]["measured"] > 0
    assert findings["lost_writes"]["outcome"] == "pass" and findings["lost_writes"]["measured"] == 0
    begun, ended = (event for event in midnight.events() if event.name == "aftermath")
    assert ended.detail["back"] and begun.detail["rate"] == 5
    rows = np.concatenate(list(Journal(midnight.run).hits.pieces()))
    sent, start = rows["due"][rows["outcome"] != Outcome.UNSENT], ended.detail["start"]
    assert 0 < (sent >= start).sum() <= 5 * (ended.at - start) + 1
    assert (np.diff(rows["due"]) >= 0).all() and not (midnight.run.path / "aftermath.npy").exists()


@pytest.mark.full
def test_a_signal_ends_the_watching_at_once(midnight: Midnight, service: Service) -> None:
    process = aborted(midnight, service, "after_abort: 10m\n")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 4
    phases = [(event.name, event.phase) for event in midnight.events()]
    assert ("aftermath", "ended") not in phases and ("readback", "ended") not in phases


@pytest.mark.full
def test_switched_off_by_name_it_does_not_fire(midnight: Midnight, service: Service) -> None:
    service.bad_after = 60
    file = longer(midnight, 14, "abort: [{name: target-down, off: true}, {check: effect}]\n")
    done = midnight("run", file, "--target", target(midnight, service.url))
    assert done.code == 3, "it was not seen to recover, and had broken nothing by then"
    assert [event for event in midnight.events() if event.source == "abort"] == []
