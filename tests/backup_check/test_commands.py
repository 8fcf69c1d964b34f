"""`midnight run restore-mine` as a user types it: refused, stopped, killed, judged again; nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from chaos.undo.heal import outstanding
from tests.backup_check.production import Production
from tests.backup_check.restoring import COUNT, HEARTBEAT
from tests.conftest import traces
from tests.midnight import Midnight
from tests.real.healing import wait_for
from tests.typed import typed
from tests.waiting import wait_until

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def dump(production: Production) -> Path:
    return production.dump("of-commands.dump", "--format=custom")


def target(midnight: Midnight, path: Path, **options: object) -> str:
    document = {"name": "mine", "driver": "backup"}
    given = {"kind": "dump", "path": str(path), "heartbeat": HEARTBEAT, "queries": [COUNT]}
    return midnight.file("mine.yaml", json.dumps({**document, "options": {**given, **options}}))


def slow(midnight: Midnight, path: Path) -> str:
    """One whose query takes longer than any test waits."""
    asked = {"name": "slow", "sql": "SELECT pg_sleep(100)", "rows": 1, "within": "2m"}
    return target(midnight, path, queries=[asked])


def begun(midnight: Midnight, process: subprocess.Popen[bytes]) -> None:
    """Until the restored cluster is being asked, which is after its heartbeat was read."""
    wait_for(midnight, process, lambda event: event.name == "heartbeat")


@pytest.mark.usefixtures("own_place")
def test_a_restore_leaves_a_run_like_any_other(
    midnight: Midnight, production: Production, dump: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del production
    file = target(midnight, dump)
    done = midnight("run", "restore-mine", "--target", file)

    assert done.code == 0, (done.out, done.err)
    about = json.loads(midnight.run.run_file.read_text())
    assert about["drill"] is True
    assert about["started_by"]
    assert midnight.verdict["figures"]["rto"] > 0
    assert midnight.verdict["figures"]["rpo"] > 0
    report = midnight.run.report.read_text()
    assert "RPO (age of the newest heartbeat)" in report
    assert "SHA-256 of of-commands.dump" in report
    assert "<script" not in report
    judged = typed(capsys, "judge", "latest", "--json")
    assert (judged.code, json.loads(judged.out)) == (0, midnight.verdict)
    (listed,) = json.loads(typed(capsys, "runs", "--json").out)
    assert (listed["experiment"], listed["drill"], listed["verdict"]) == ("restore-mine", True, "pass")


@pytest.mark.full
def test_ctrl_c_ends_with_4_and_leaves_nothing(midnight: Midnight, dump: Path) -> None:
    process = midnight.start("run", "restore-mine", "--target", slow(midnight, dump))
    begun(midnight, process)
    os.kill(process.pid, signal.SIGINT)

    assert process.wait(30) == 4, (midnight.place / "output").read_text()
    assert outstanding(midnight.run) == []
    assert midnight.outcomes()["completeness: run"] == "unknown"


def test_a_killed_restore_is_healed_by_the_watchdog(midnight: Midnight, dump: Path) -> None:
    process = midnight.start("run", "restore-mine", "--target", slow(midnight, dump))
    begun(midnight, process)
    process.kill()
    process.wait()

    wait_until(lambda: not traces(midnight.run.id), "the watchdog, and all else that is the run's, ends")
    assert outstanding(midnight.run) == []


@pytest.mark.full
def test_a_restore_killed_with_its_watchdog_is_healed_by_midnight_undo(
    midnight: Midnight, dump: Path
) -> None:
    process = midnight.start("run", "restore-mine", "--target", slow(midnight, dump))
    begun(midnight, process)
    own = str(midnight.run.path)
    for line in subprocess.run(
        ["pgrep", "-a", "-f", "chaos.undo.watchdog"], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        if own in line:
            os.kill(int(line.split()[0]), signal.SIGKILL)
    process.kill()
    process.wait()
    assert outstanding(midnight.run) != []

    done = midnight("undo")
    assert done.code == 0, (done.out, done.err)
    assert "target directory: undone" in done.out
    assert outstanding(midnight.run) == []


@pytest.mark.full
def test_stop_stops_it_and_halt_keeps_it_from_beginning(midnight: Midnight, dump: Path) -> None:
    file = slow(midnight, dump)
    process = midnight.start("run", "restore-mine", "--target", file)
    begun(midnight, process)
    second = midnight("run", "restore-mine", "--target", file)
    assert second.code == 2 and "is in use" in second.err
    assert midnight("stop", "--all").code == 0
    assert process.wait(30) == 4
    assert midnight("halt", "on").code == 0
    done = midnight("run", "restore-mine", "--target", file)
    assert done.code == 2 and "halt off" in done.err
    assert len(midnight.runs) == 1


@pytest.mark.full
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_a_scratch_disk_without_room_is_refused(midnight: Midnight, dump: Path) -> None:
    small = midnight.place / "small"
    small.mkdir()
    midnight.place.chmod(0o755)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "tmpfs", str(small)], check=True)
    try:
        done = midnight("run", "restore-mine", "--target", target(midnight, dump, scratch=str(small)))
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert done.code == 2, done.err
    assert "more than half of the free disk of" in done.err or "not a directory that" in done.err
    assert midnight.runs == []
