"""`midnight leaks`: what a process holds and what grew, with places and levels; refusals say what to type."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaos.census import levels as known
from chaos.census.readings import growth, read
from chaos.census.stacks import why_no_stacks
from chaos.cli import leaks
from chaos.host.processes import ref_of
from tests.census import hoard as program
from tests.census.conftest import AsNobody
from tests.census.hoarding import HELD_AT, Hoard
from tests.typed import exit_code, refusal, typed
from tests.waiting import wait_until

Meanwhile = Callable[[Callable[[], object]], None]


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """Does something between the two readings, in place of the time between them."""

    def plant(act: Callable[[], object]) -> None:
        monkeypatch.setattr(leaks, "_wait", lambda *_: act())

    return plant


def test_what_grew_between_two_readings_is_named_with_its_count(
    hoard: Hoard, meanwhile: Meanwhile, capsys: pytest.CaptureFixture[str]
) -> None:
    hoard("file", 2)
    meanwhile(lambda: (hoard("file", 4), hoard("deleted", 7)))
    done = typed(capsys, "leaks", str(hoard.pid))
    assert done.code == 0
    assert f"+4 descriptors:file  {hoard.place}/hoard-*.pdf  (process {hoard.pid}, level 1)" in done.out
    assert f"+7 descriptors:deleted  {hoard.place}/hoard-*.pdf, deleted" in done.out
    assert "of 6; new descriptors" in done.out
    assert f"process {hoard.pid}: level" in done.out
    assert done.err.startswith("midnight: first reading taken; the second follows in 30s")


def test_leaking_threads_are_named_at_their_line(
    hoard: Hoard, meanwhile: Meanwhile, capsys: pytest.CaptureFixture[str]
) -> None:
    if because := why_no_stacks(hoard.pid):
        pytest.skip(because)
    meanwhile(lambda: hoard("thread", 5))
    done = typed(capsys, "leaks", str(hoard.pid), "--for", "2s")
    place = f"{program.PROGRAM}:{HELD_AT} in wait_forever"
    assert f"+5 threads  {place}  (process {hoard.pid}, level 2)" in done.out
    assert "of 5 with this stack: Thread-* (wait_forever)" in done.out
    assert done.out.count("+5 threads") == 1  # level 1 knows of them, too, and is not repeated


def test_a_process_that_holds_the_same_as_before_has_not_grown(
    hoard: Hoard, meanwhile: Meanwhile, capsys: pytest.CaptureFixture[str]
) -> None:
    hoard("file", 3)
    meanwhile(lambda: None)
    done = typed(capsys, "leaks", str(hoard.pid))
    assert "no descriptors or threads of one name grew" in done.out
    assert "+" not in done.out.partition("nothing")[0].replace("+0.0 MB", "").partition("memory")[0]


def test_json_has_counts_names_growth_and_levels(
    hoard: Hoard, meanwhile: Meanwhile, capsys: pytest.CaptureFixture[str]
) -> None:
    meanwhile(lambda: hoard("pipe", 3))
    done = typed(capsys, "leaks", str(hoard.pid), "--json")
    document = json.loads(done.out)
    assert document["growth"]["counts"]["descriptors:pipe"] == 6
    assert [(row["resource"], row["count"]) for row in document["growth"]["grew"]] == [
        ("descriptors:pipe", 6)
    ]
    (process,) = document["processes"]
    assert (process["pid"], process["unseen"]) == (hoard.pid, "")
    assert process["counts"] == hoard.counts() | {
        name: value for name, value in process["counts"].items() if name.startswith("memory")
    }
    assert len(process["documents"]["1"]["descriptors"]) == sum(
        count for name, count in hoard.counts().items() if name.startswith("descriptors")
    )
    assert process["limits"]["descriptors"] > 0


def test_one_reading_shows_what_is_held(hoard: Hoard, capsys: pytest.CaptureFixture[str]) -> None:
    hoard("file", 6)
    done = typed(capsys, "leaks", str(hoard.pid), "--once")
    assert (done.code, done.err) == (0, "")
    assert f"6 descriptors:file  {hoard.place}/hoard-*.pdf" in done.out
    assert "grew" not in done.out


def test_the_whole_tree_is_read_unless_it_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["sh", "-c", "sleep 600 & echo ready; wait"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as shell:
        assert shell.stdout is not None and shell.stdout.readline() == "ready\n"
        whole = json.loads(typed(capsys, "leaks", str(shell.pid), "--once", "--json").out)
        alone = json.loads(typed(capsys, "leaks", str(shell.pid), "--once", "--json", "--no-children").out)
        os.killpg(shell.pid, signal.SIGKILL)
    assert [each["command"] for each in whole["processes"]] == [
        "sh -c sleep 600 & echo ready; wait",
        "sleep 600",
    ]
    assert [each["pid"] for each in alone["processes"]] == [shell.pid]


def test_a_worker_that_was_replaced_is_not_compared() -> None:
    levels = known.levels()
    with subprocess.Popen(["sleep", "600"]) as old, subprocess.Popen(["sleep", "601"]) as new:
        before = read([ref_of(old.pid)], levels)
        after = read([ref_of(new.pid)], levels)
        old.kill()
        new.kill()
    found = growth(before, after, levels)
    assert (found.rows, set(found.counts.values())) == ((), set())
    assert [each.ref.pid for each in found.started] == [new.pid]
    assert [each.ref.pid for each in found.ended] == [old.pid]


def test_of_each_resource_the_strongest_level_that_explains_it_is_reported(hoard: Hoard) -> None:
    def rows(*resources: str) -> Callable[[Any, Any], list[known.Row]]:
        return lambda *_: [{"resource": each, "count": 1, "held": 1, "what": ""} for each in resources]

    levels = (
        known.Level(1, lambda _: "", known.levels()[0].read, rows("descriptors:file", "threads")),
        known.Level(2, lambda _: "", lambda _: [], rows("threads")),
        known.Level(3, lambda _: "no witness listens", lambda _: {}, rows("descriptors:file")),
    )
    reading = read([hoard.ref], levels)
    found = growth(reading, reading, levels)
    assert {(row["resource"], row["level"]) for row in found.rows} == {
        ("descriptors:file", 1),
        ("threads", 2),
    }
    assert reading.processes[0].why_not == {3: "no witness listens"}
    assert reading.processes[0].level == 2


def test_sessions_are_shown_with_their_age_query_and_holder(
    hoard: Hoard, meanwhile: Meanwhile, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = {"pid": hoard.pid, "fd": 7, "command": "python app.py", "through": ""}
    session = {"state": "idle in transaction", "age": 90.0, "query": "select 1", "holder": holder, "why": ""}
    lost = {**session, "state": "idle", "holder": None, "why": "it is on another machine"}
    monkeypatch.setattr("chaos.census.sessions.sessions", lambda *_: [session, lost])
    monkeypatch.setattr("chaos.census.sessions.counts", lambda _: {"sessions": 1, "sessions:idle": 1})
    monkeypatch.setenv("APP_DSN", "postgresql://app:hunter2hunter2@127.0.0.1:5432/app")
    meanwhile(lambda: None)
    done = typed(capsys, "leaks", str(hoard.pid), "--dsn-env", "APP_DSN")
    assert "database sessions: 2 (idle in transaction 1, idle 1); grew: idle in transaction +1" in done.out
    assert "idle in transaction for 1m 30s: select 1" in done.out
    assert f"held by process {hoard.pid} (python app.py), descriptor 7" in done.out
    assert "holder unknown: it is on another machine" in done.out
    assert "hunter2" not in done.printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["999999999"], "no process 999999999 on this machine; list them with: ps -ef"),
        (["api"], "WHERE must be a PID or compose:PROJECT/SERVICE, got 'api'"),
        (["compose:shop"], "WHERE must be a PID or compose:PROJECT/SERVICE, got 'compose:shop'"),
        (["1", "--for", "5"], "--for needs a unit: 5ms or 5s? (got '5')"),
        (["1", "--for", "0s"], "--for must be positive, got '0s'"),
        (["1", "--dsn", "host=a dbname=b", "--dsn-env", "A"], "give one of them"),
        (["1", "--dsn-env", "NOT_SET_ANYWHERE"], "the environment variable NOT_SET_ANYWHERE is not set"),
        (["1", "--dsn", "mysql://a@b/c"], "--dsn"),
    ],
)
def test_a_bad_argument_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    line = refusal(capsys, "leaks", *arguments)
    assert said in line
    assert len(line.splitlines()) == 1
    assert len(line) <= 300


def test_a_process_of_another_user_is_refused(hoard: Hoard, as_nobody: AsNobody) -> None:
    assert as_nobody(lambda: exit_code("leaks", str(hoard.pid), "--once")) == "2"


def test_a_process_that_ends_in_between_is_refused(
    hoard: Hoard, meanwhile: Meanwhile, capsys: pytest.CaptureFixture[str]
) -> None:
    def end() -> None:
        hoard.process.kill()
        hoard.process.wait()

    meanwhile(end)
    done = typed(capsys, "leaks", str(hoard.pid))
    assert (done.code, done.out) == (2, "")
    assert f"process {hoard.pid} has ended" in done.err


def test_the_wait_is_over_when_the_process_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-Ic", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    leaks._wait([ref_of(child.pid)], 3600)
    child.wait()


def test_ctrl_c_ends_it_and_leaves_nothing(hoard: Hoard, tmp_path: Path) -> None:
    before = hoard.counts()
    midnight = str(Path(sys.executable).parent / "midnight")
    # a test that was started in the background ignores SIGINT, and so would all that it starts
    heeds = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    argv = [sys.executable, "-c", heeds, midnight, "leaks", str(hoard.pid), "--for", "1h"]
    place = tmp_path / "here"
    place.mkdir()
    with subprocess.Popen(
        argv, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=place
    ) as command:
        assert command.stderr is not None
        assert "first reading taken" in command.stderr.readline()
        os.killpg(command.pid, signal.SIGINT)
        assert command.wait(60) == 4
        assert command.stderr.read().splitlines()[-1] == "midnight: stopped"
    assert list(place.iterdir()) == []
    wait_until(lambda: hoard.counts() == before, "the process holds what it held")
