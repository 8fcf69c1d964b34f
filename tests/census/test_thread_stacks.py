"""Level 2: equal stacks are counted, a leaking thread is named at its line, and a refusal says what is needed."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path

import pytest

from chaos.census import stack_texts
from chaos.census.processes import Gone, Unseen
from chaos.census.stacks import grouped, stacks, why_no_stacks
from chaos.census.tracing import Tracer, may_trace, why_not
from chaos.checks.leaks.held import more_stacks
from tests.census import hoard as program
from tests.census.conftest import AsNobody
from tests.census.hoarding import HELD_AT, Hoard

JAVA = """"main" #1 prio=5 os_prio=0 cpu=568.64ms elapsed=6.44s tid=0x00007f60d0018020 nid=0xc16 waiting on condition
   java.lang.Thread.State: TIMED_WAITING (sleeping)
	at java.lang.Thread.sleep(java.base@17.0.15/Native Method)
	- locked <0x000000069dc382e8> (a java.lang.Object)
	at shop.Leak.hold(Leak.java:2)

"GC Thread#0" os_prio=0 cpu=1.00ms elapsed=6.44s tid=0x00007f60d0018020 nid=0xc17 runnable

"worker "a" 7" #12 prio=5 os_prio=0 cpu=0.11ms elapsed=4.64s tid=0x00007f60d0439780 nid=3186 waiting on condition
   java.lang.Thread.State: TIMED_WAITING (sleeping)
	at shop.Leak.hold(Leak.java:2)
	at shop.Leak$$Lambda$207/0x00007f6054144208.run(Unknown Source)
	at app//shop.Main.run(Main.java:7)
	at java.lang.Thread.run(java.base@17.0.15/Thread.java:840)
"""

GO = """goroutine 25 [running]:
runtime/pprof.writeGoroutineStacks({0x789c80, 0x3dccaf05a4b0})
	/usr/local/go/src/runtime/pprof/pprof.go:819 +0x6b

goroutine 21 [chan receive, 3 minutes]:
main.(*pool).hold(0x3dccaf05a4b0, {0x1, 0x2})
	/app/main.go:3 +0x24
created by main.main in goroutine 1
	/app/main.go:6 +0x37

goroutine 26 [IO wait]:
net/http.(*connReader).backgroundRead(0x3dccaf0262c0)
	/usr/local/go/src/net/http/server.go:702 +0x33
created by net/http.(*connReader).startBackgroundRead in goroutine 25
	/usr/local/go/src/net/http/server.go:698 +0xb6
"""


def test_java_stacks_are_read_without_addresses_and_without_threads_of_the_machine_itself() -> None:
    assert stack_texts.of_java(JAVA) == [
        {
            "thread": 0xC16,
            "name": "main",
            "stack": ["java.base/Native Method in java.lang.Thread.sleep", "Leak.java:2 in shop.Leak.hold"],
        },
        {
            "thread": 3186,
            "name": 'worker "a" 7',
            "stack": [
                "Leak.java:2 in shop.Leak.hold",
                "Unknown Source in shop.Leak$$Lambda.run",
                "Main.java:7 in shop.Main.run",
                "java.base/Thread.java:840 in java.lang.Thread.run",
            ],
        },
    ]


def test_goroutines_are_read_without_the_ones_that_answer_the_question() -> None:
    assert stack_texts.of_go(GO) == [
        {
            "thread": 21,
            "name": "chan receive",
            "stack": ["/app/main.go:3 in main.(*pool).hold", "/app/main.go:6 in main.main, which started it"],
            "resource": "goroutines",
        }
    ]


def test_equal_stacks_are_counted_together() -> None:
    rows = [{"stack": ["a:1 in f"]}, {"stack": ["a:1 in f"]}, {"stack": ["a:2 in f"]}]
    assert grouped(rows) == {("a:1 in f",): 2, ("a:2 in f",): 1}


def test_python_threads_that_were_leaked_are_named_at_their_line(hoard: Hoard) -> None:
    if because := why_no_stacks(hoard.pid):
        pytest.skip(because)
    hoard("thread", 2)
    before = stacks(hoard.pid)
    hoard("thread", 5)
    after = stacks(hoard.pid)
    (row,) = more_stacks(before, after)
    assert (row["count"], row["held"]) == (5, 7)
    assert row["place"] == f"{program.PROGRAM}:{HELD_AT} in wait_forever"
    assert max(grouped(after).values()) == 7
    hoard("drop")
    assert more_stacks(before, stacks(hoard.pid)) == []


def test_the_process_is_as_before_after_its_stacks_were_read(hoard: Hoard) -> None:
    if because := why_no_stacks(hoard.pid):
        pytest.skip(because)
    hoard("file", 3)
    before = hoard.counts()
    stacks(hoard.pid)
    assert hoard.counts() == before
    assert hoard("file", 1) == "done"


def test_a_missing_py_spy_says_how_to_get_it(
    hoard: Hoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    said = why_no_stacks(hoard.pid)
    assert said == may_trace(hoard.pid) or said.endswith("type: pip install 'midnight-chaos[leaks]'")
    with pytest.raises(Unseen):
        stacks(hoard.pid)


def test_a_py_spy_that_fails_is_quoted(hoard: Hoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if because := may_trace(hoard.pid):
        pytest.skip(because)
    broken = tmp_path / "py-spy"
    broken.write_text("#!/bin/sh\necho 'Error: no interpreter' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(Unseen, match=r"py-spy cannot read process .*: Error: no interpreter"):
        stacks(hoard.pid)


def test_a_program_of_no_known_runtime_has_no_stacks() -> None:
    with subprocess.Popen(["sleep", "600"]) as child:
        said = why_no_stacks(child.pid)
        with pytest.raises(Unseen):
            stacks(child.pid)
        child.kill()
    assert said.startswith("no way is known")
    with pytest.raises(Gone):
        why_no_stacks(child.pid)


def test_another_user_may_not_trace_and_is_answered_whose_process_it_is(
    hoard: Hoard, as_nobody: AsNobody
) -> None:
    assert may_trace(hoard.pid) == ""
    for ask in (may_trace, why_no_stacks):
        said = as_nobody(partial(ask, hoard.pid))
        assert said == (
            f"process {hoard.pid} belongs to user 0, midnight runs as 65534: run it as root or as that user"
        )


OWN = {"Uid": "1000\t1000\t1000\t1000"}


@pytest.mark.parametrize(
    ("ours", "status", "descends", "said"),
    [
        (Tracer(1000, False, 1), OWN, False, "ptrace_scope is 1"),
        (Tracer(1000, False, 1), OWN, True, "not dumpable"),
        (Tracer(1000, False, 2), OWN, True, "ptrace_scope is 2"),
        (Tracer(0, True, 3), OWN, True, "until it is rebooted"),
        (Tracer(0, False, 0), OWN, False, "cap_add: [SYS_PTRACE]"),
        (Tracer(0, True, 0), OWN, False, "although midnight has CAP_SYS_PTRACE"),
        (Tracer(1000, False, 0), {"Uid": "1001\t1001\t1001\t1001"}, False, "belongs to user 1001"),
        (Tracer(1000, False, 0), {"Uid": "1000\t0\t0\t0"}, False, "belongs to user 0, 1000"),
    ],
)
def test_the_rule_that_forbids_tracing_is_named_with_what_is_needed(
    ours: Tracer, status: dict[str, str], descends: bool, said: str
) -> None:
    assert said in why_not(7, status, ours, descends=descends)
