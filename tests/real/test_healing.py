"""It heals what it hurts: however a run ends, everything is as it was."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.host.ports import free_port
from chaos.tools import toxiproxy as tools
from chaos.toxiproxy import Toxiproxy
from chaos.undo.heal import outstanding
from tests.attach.conftest import service as service_fixture
from tests.attach.files import experiment
from tests.attach.files import target as attached
from tests.attach.service import Service
from tests.conftest import traces
from tests.midnight import Midnight
from tests.real import broken
from tests.real.healing import STORM, is_injected, quick, wait_for
from tests.waiting import wait_until

pytestmark = pytest.mark.real
service = service_fixture

DROP = "{name: drop, fault: idle_drop, at: 1s, hold: 20s, with: {min_closed: 1}}"


def test_ctrl_c_undoes_everything_and_ends_with_4(midnight: Midnight) -> None:
    file = broken.experiment(midnight.place, DROP, STORM, play=25.0)
    process = midnight.start("run", file, "--target", quick(midnight))
    wait_for(midnight, process, is_injected)

    os.kill(process.pid, signal.SIGINT)

    code = process.wait(60)
    # what the drop did before it was stopped may already be a proven violation
    assert code in (1, 4), (midnight.place / "output").read_text()
    assert outstanding(midnight.run) == []
    ended = [event for event in midnight.events() if event.source == "run" and event.phase == "ended"]
    assert ended[-1].detail["reason"] == "aborted"
    assert midnight.outcomes()["completeness: run"] == "unknown"


@pytest.mark.full
def test_stop_stops_a_run_while_its_target_is_brought_up(midnight: Midnight) -> None:
    process = midnight.start("run", broken.experiment(midnight.place, play=10.0), "--target", quick(midnight))
    wait_for(midnight, process, lambda event: event.phase == "creating" and event.name == "processes")

    done = midnight("stop", "--all")

    assert done.code == 0 and "stopped" in done.out
    assert process.wait(30) == 4
    assert outstanding(midnight.run) == []


def steps(midnight: Midnight, *steps: str) -> str:
    """The path of an experiment with these steps, whose play is longer than any of them."""
    file = Path(experiment(midnight, "steps:\n" + "".join(f"  - {step}\n" for step in steps)))
    return midnight.file("steps.yaml", file.read_text().replace("for: 2s", "for: 25s"))


def test_a_fault_that_fails_ends_the_run_with_5_and_everything_undone(
    midnight: Midnight, service: Service
) -> None:
    held = midnight.place / "held"
    held.touch()
    hold = f"{{name: hold, fault: stubborn, at: 0s, hold: 20s, with: {{file: {held}}}}}"
    refuse = "{name: refuse, fault: refuse, at: 1s, hold: 1s}"
    done = midnight("run", steps(midnight, hold, refuse), "--target", attached(midnight, service.url))

    assert done.code == 5, done.out
    assert "this fault never works" in done.err + done.out
    assert outstanding(midnight.run) == [] and not held.exists()


@pytest.mark.full
def test_a_target_that_dies_is_a_violation_and_leaves_nothing(midnight: Midnight) -> None:
    kill = "{name: kill, fault: kill_database, at: 2s, hold: 1s}"
    drop = "{name: drop, fault: idle_drop, at: 5s, hold: 1s}"
    limits = "limits: {recovery: 3s, lost_writes: 0}"
    done = midnight(
        "run",
        broken.experiment(midnight.place, kill, drop, play=11.0, extra=limits),
        "--target",
        quick(midnight),
    )

    assert done.code == 1, (done.out, done.err)
    assert midnight.outcomes()["effect: drop"] == "unknown", "a step on a dead target is no failure of ours"
    assert midnight.outcomes()["recovery: recovery"] == "fail"
    assert midnight.outcomes()["loss: lost_writes"] == "unknown"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for some seconds of a journal."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.full
def test_a_full_disk_ends_the_run_with_5_and_everything_undone(small_disk: Path, midnight: Midnight) -> None:
    file = broken.experiment(midnight.place, DROP, STORM, play=25.0)
    disk = Midnight(small_disk, state=midnight.place)

    done = disk("run", file, "--target", quick(midnight))

    assert done.code == 5, (done.out, done.err)
    assert "No space left on device" in done.err + done.out
    assert outstanding(disk.run) == []
    assert traces(disk.run.id) == set()


@pytest.mark.full
def test_a_failed_undo_is_reported_and_midnight_undo_heals_it_later(
    midnight: Midnight, service: Service
) -> None:
    healing = midnight.place / "healing"
    stubborn = f"{{name: stubborn, fault: stubborn, at: 0s, hold: 1s, with: {{file: {healing}}}}}"
    file = experiment(midnight, f"steps: [{stubborn}]\n")
    target = attached(midnight, service.url)
    done = midnight("run", file, "--target", target)
    assert done.code == 6, done.out
    assert f"touch {healing}" in done.err + done.out

    again = midnight("run", file, "--target", target)
    assert again.code == 6 and "could not be undone" in again.err
    assert len(midnight.runs) == 1

    healing.touch()
    undone = midnight("undo")
    assert undone.code == 0 and "undone" in undone.out
    assert midnight("undo").out.strip() == "nothing to undo"


@pytest.mark.full
def test_with_the_watchdog_killed_too_undo_heals(midnight: Midnight) -> None:
    process = midnight.start("run", broken.experiment(midnight.place, STORM, play=25.0))
    wait_for(midnight, process, is_injected)
    subprocess.run(["pkill", "-KILL", "-f", f"chaos.undo.watchdog {midnight.run.path}"], check=True)
    process.kill()
    process.wait()

    assert midnight("undo").code == 0
    assert outstanding(midnight.run) == []


@pytest.mark.full
def test_halted_no_run_starts(midnight: Midnight) -> None:
    assert midnight("halt", "on").code == 0
    done = midnight("run", "smoke")
    assert done.code == 2 and "halt off" in done.err
    assert midnight.runs == []
    assert midnight("halt", "off").code == 0


@pytest.mark.full
def test_a_second_run_at_the_same_target_is_refused(midnight: Midnight) -> None:
    process = midnight.start("run", broken.experiment(midnight.place, play=20.0))
    wait_for(midnight, process, lambda event: event.phase == "creating")

    done = midnight("run", "smoke")

    assert done.code == 2 and "is in use" in done.err, done.err
    midnight("stop", "--all")
    process.wait(30)


@pytest.fixture
def toxiproxy() -> Iterator[str]:
    """The control URL of a Toxiproxy server that is not midnight's own."""
    port = free_port()
    argv = [str(tools.find_binary()), "-host", "127.0.0.1", "-port", str(port)]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    wait_until(Toxiproxy(url).version, "a Toxiproxy")
    yield url
    server.terminate()
    server.wait()


@pytest.mark.full
def test_the_stack_goes_up_and_down_by_hand_behind_a_toxiproxy_of_the_users(
    midnight: Midnight, toxiproxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOXIPROXY_URL", toxiproxy)
    Toxiproxy(toxiproxy).create("theirs", "127.0.0.1:0", "127.0.0.1:9")
    up = midnight("stack", "up", "--profile", "hardened")
    try:
        assert up.code == 0, up.err
        assert len(Toxiproxy(toxiproxy).proxies()) == 3
        assert "hardened" in midnight("stack", "status").out
        assert midnight("stack", "up").code == 2
    finally:
        down = midnight("stack", "down")
    assert down.code == 0, down.out
    assert "is down" in midnight("stack", "status").out
    assert list(Toxiproxy(toxiproxy).proxies()) == ["theirs"]
