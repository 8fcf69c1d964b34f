"""`midnight schedule run` as a process: real clock, real APScheduler, real processes for its runs."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from chaos import database
from chaos.errors import Refused
from chaos.schedule import file
from chaos.schedule import run_now as hand
from chaos.schedule.engine import Timing
from chaos.schedule.tables import occurrences
from tests.notify.receivers import web
from tests.schedule.serving import Place, every_second

pytestmark = pytest.mark.real


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.stop_all()


def test_runs_are_started_recorded_and_reported(place: Place) -> None:
    place.code = 1
    with web() as kept:
        notify = {"webhook": kept.url}
        place.write(every_second(on_fail={"notify": ["ci"], "pause": True}), ci=notify)
        process = place.serve()
        place.until(lambda: kept.bodies)
        process.terminate()
        assert process.wait(60) == 0
    played = [row for row in place.rows() if row.state == "ended"]
    assert [(row.exit_code, row.run, row.event) for row in played] == [(1, "r1", "fail")]
    assert kept.bodies[0]["event"] == "fail" and kept.bodies[0]["figures"] == {"p99": 1}
    assert kept.bodies[0]["report"].endswith("smoke/r1/report.html")
    assert len([line for line in place.book if line.startswith("began smoke")]) == 1


def test_metrics_are_served_for_as_long_as_the_scheduler_runs(place: Place) -> None:
    place.write({"name": "yearly", "experiment": "smoke", "when": "0 0 1 1 *"})
    process = place.command("--metrics", "127.0.0.1:0")
    place.until(lambda: re.search(r"metrics: http\S+\n", place.said))
    (url,) = re.findall(r"metrics: (http\S+)", place.said)

    def found() -> list[str]:
        return httpx.get(url, trust_env=False, timeout=30).text.splitlines()

    place.until(lambda: 'midnight_schedule_paused{schedule="yearly"} 0.0' in found())
    assert 'midnight_schedule_occurrences_total{schedule="yearly",state="missed"} 0.0' in found()
    assert 'midnight_metrics_part_up{part="schedules"} 1.0' in found()
    process.terminate()
    assert process.wait(60) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_sigterm_stops_the_run_that_is_being_played_and_waits_for_it(place: Place) -> None:
    place.takes = 60
    place.write(every_second())
    process = place.serve()
    place.until(lambda: place.book)
    process.terminate()
    assert process.wait(60) == 0
    assert place.book[-1] == "ended 4"
    assert [row.exit_code for row in place.rows() if row.started] == [4]
    assert {row.state for row in place.rows()} <= {"ended", "missed"}


@pytest.mark.full
def test_a_database_that_fails_right_after_a_ring_does_not_silence_the_scheduler(place: Place) -> None:
    place.write(every_second())
    place.serve()
    place.until(lambda: place.book)
    with database.connect(place.url).begin() as connection:
        refuse = "BEFORE UPDATE ON apscheduler_jobs_1 BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        connection.exec_driver_sql(f"CREATE TRIGGER full {refuse}")
    said = place.path / "said"
    place.until(lambda: "Exception in thread APScheduler" in said.read_text())
    with database.connect(place.url).begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER full")
    played = len(place.book)
    place.until(lambda: len(place.book) > played + 4)


@pytest.mark.full
def test_another_scheduler_takes_over_from_one_that_was_killed(place: Place) -> None:
    place.write(every_second(misfire={"late_within": "30s"}))
    leader = place.serve()
    place.until(lambda: place.book)
    place.serve()
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    before = {row.holder for row in place.rows()}
    place.until(lambda: any(row.state == "ended" and row.holder not in before for row in place.rows()))
    assert len({row.due_utc for row in place.rows()}) == len(place.rows())


def test_sighup_reads_the_file_again_and_a_bad_one_changes_nothing(place: Place) -> None:
    place.write(every_second("one", when="0 0 1 1 *"))
    process = place.serve()
    said = place.path / "said"
    place.until(lambda: "holds the lease" in said.read_text())
    (place.path / "schedules.yaml").write_text("schedules: 5\n")
    process.send_signal(signal.SIGHUP)
    place.until(lambda: "schedules unchanged" in said.read_text())
    place.write(every_second("two"))
    process.send_signal(signal.SIGHUP)
    place.until(lambda: any(row.schedule == "two" for row in place.rows()))


@pytest.mark.full
def test_the_scheduler_runs_midnight_run_and_reports_its_refusal(place: Place) -> None:
    place.stub = False
    halt = place.path / "state/midnight/halt"
    halt.parent.mkdir(parents=True)
    halt.touch()  # so that nothing is touched
    place.write(every_second(profile="hardened", seed=7))
    place.serve()
    place.until(lambda: any(row.state == "refused" for row in place.rows()))
    row = next(row for row in place.rows() if row.state == "refused")
    assert (row.exit_code, row.event) == (2, "missed")
    assert row.because == "runs are halted on this machine; allow them with `midnight halt off`"


@pytest.fixture(name="by_hand")
def _by_hand(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """`midnight schedule run-now one` with a shell's words in place of `midnight run`."""
    place.write(every_second("one", when="0 0 1 1 *"))
    monkeypatch.setenv("XDG_STATE_HOME", str(place.path / "state"))
    found = file.load(place.path / "schedules.yaml")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def play(words: str) -> int:
        opened, command = database.connect(place.url), ["/bin/sh", "-c", words]
        timing = Timing(*place.timing)
        return hand.run_now(opened, found, found.schedules[0], print, command=command, timing=timing)

    yield play
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_run_by_hand_is_recorded_like_any_other(
    place: Place, by_hand: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert by_hand("echo midnight: it broke >&2; exit 5") == 5
    (row,) = place.rows()
    assert (row.state, row.exit_code, row.by_hand, row.event) == ("ended", 5, True, "unknown")
    assert "midnight itself failed" in capsys.readouterr().out


def test_a_run_by_hand_that_is_stopped_as_it_begins_is_stopped(
    place: Place, by_hand: Callable[..., int]
) -> None:
    assert by_hand("trap 'exit 4' TERM; kill -INT $PPID; while :; do sleep 0.1; done") == 4
    assert [row.exit_code for row in place.rows()] == [4]


def test_a_manual_run_killed_without_a_scheduler_is_reported_by_the_next(
    place: Place, by_hand: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert by_hand("exit 0") == 0
    with database.connect(place.url).begin() as connection:
        connection.execute(occurrences.update().values(state="running", holder="killed", exit_code=None))
    assert by_hand("exit 0") == 0
    killed, played = place.rows()
    assert (killed.state, played.state) == ("missed", "ended")
    assert "killed is gone: reported as missed" in capsys.readouterr().out


@pytest.mark.full
def test_a_run_by_hand_is_refused_while_another_is_alive_on_its_target(
    place: Place, by_hand: Callable[..., int]
) -> None:
    place.takes = 60
    place.write(every_second("one", when="0 0 1 1 *"), every_second("other"))
    place.serve()
    place.until(lambda: place.book)
    with pytest.raises(Refused, match="in use by another run"):
        by_hand("exit 0")
    assert [row.state for row in place.rows() if row.by_hand] == ["refused"]
