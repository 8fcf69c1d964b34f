"""A witness is asked only where it listens: elsewhere, the signal's default action would end the process."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from chaos.census.witness import ask as witness
from chaos.census.witness.ask import NoAnswer, NotListening, allowed, ask, listens
from chaos.checks.leaks.grown import earlier, grown, placed
from chaos.spec.target import Target
from tests.waiting import wait_until
from tests.witness.conftest import WAITS, Start


def test_a_listening_process_answers_and_counts_its_answers(start: Start, tmp_path: Path) -> None:
    child = start()
    assert listens(child.pid)
    answers = [ask(child.pid) for _ in range(12)]
    assert [(each["pid"], each["counter"]) for each in answers] == [
        (child.pid, number) for number in range(1, 13)
    ]
    assert answers[0]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert list(tmp_path.iterdir()) == []


def test_a_container_is_compared_with_the_first_census_and_the_last_twelve(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "growing.py").write_text("KEPT = []\n")
    grow = "signal.signal(10, lambda *_: (growing.KEPT.append(1), print('ready', flush=True)))\n"
    child = start(
        f"sys.path.append({str(tmp_path)!r})\nimport growing\n{grow}print('ready', flush=True)\nsys.stdin.read()\n"
    )
    answers = []
    for _ in range(17):
        child.send_signal(10)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        answers.append(ask(child.pid))
    counts = [
        sum(each.count for each in grown(before, answers[-1], 1) if each.holder == "growing.KEPT")
        for before in answers[:-1]
    ]
    assert counts == [16, 0, 0, 0, *range(12, 0, -1)]


def test_a_container_that_was_not_listed_until_it_grew_has_its_length_before_that(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "growing.py").write_text("KEPT = [1] * 20\ndef keep(): KEPT.append(1)\n")
    grow = "signal.signal(10, lambda *_: (growing.keep(), print('ready', flush=True)))\n"
    child = start(f"sys.path.append({str(tmp_path)!r})\nimport growing\n{grow}{WAITS}")
    first = ask(child.pid)
    child.send_signal(10)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    second = ask(child.pid)

    (place,) = placed(second)
    assert place.endswith("growing.py:2 in keep, held by growing.KEPT")
    assert placed(first) == {} and placed(second) == {place: 21}
    assert earlier(second, first["counter"], []) == {place: 20}
    assert earlier(second, 99, []) == {place: 21}
    assert earlier(second, first["counter"], [each["id"] for each in second["containers"]]) == {}


def test_a_signal_that_came_just_before_a_call_blocked_is_sent_again(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, send = list[int](), witness._send

    def lost_at_first(pid: int, process: int) -> None:
        sent.append(pid)
        if len(sent) > 1:
            send(pid, process)

    monkeypatch.setattr(witness, "_send", lost_at_first)
    monkeypatch.setattr(witness, "_AGAIN", 0.2)
    child = start()
    assert ask(child.pid)["counter"] >= 1 and len(sent) > 1


def test_a_main_thread_that_works_is_not_asked_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, send = list[int](), witness._send

    def noted(pid: int, process: int) -> None:
        sent.append(pid)
        send(pid, process)

    monkeypatch.setattr(witness, "_send", noted)
    works = itertools.count()
    monkeypatch.setattr(witness, "_worked", lambda _: next(works))
    monkeypatch.setattr(witness, "_AGAIN", 0.05)
    child = start("print('ready', flush=True); sum(range(10**12))")
    with pytest.raises(NoAnswer, match="in a long call"):
        ask(child.pid, within=0.5)
    assert sent == [child.pid]


def test_a_census_adds_nothing_to_the_next(start: Start) -> None:
    child = start()
    answers = [ask(child.pid) for _ in range(12)]
    assert len({each["counts"]["objects"] for each in answers}) == 1
    assert [grown(before, after, 1) for before, after in itertools.pairwise(answers)] == [[]] * 11


def test_two_callers_at_once_each_get_an_answer(start: Start) -> None:
    child = start()
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(ask, child.pid) for _ in range(2)]
        assert sorted(each.result()["counter"] for each in both) == [1, 2]


@pytest.mark.parametrize(
    "code",
    [
        "os.execvp('sh', ['sh', '-c', 'echo ready; read line'])",
        "signal.signal(41, signal.SIG_DFL)\n" + WAITS,
        "signal.signal(41, signal.SIG_IGN)\n" + WAITS,
    ],
    ids=["it became another program", "it reset the signal", "it ignores the signal"],
)
def test_a_process_that_does_not_listen_gets_no_signal_and_lives(code: str, start: Start) -> None:
    child = start(code)
    assert not listens(child.pid)
    with pytest.raises(NotListening, match="no witness listens"):
        ask(child.pid)
    assert child.poll() is None


def test_a_program_started_by_a_listening_process_is_not_asked(start: Start) -> None:
    child = start("import subprocess\nsubprocess.Popen(['sleep', '60'])\n" + WAITS)
    (other,) = psutil.Process(child.pid).children()
    wait_until(lambda: other.name() == "sleep", "the program")
    try:
        assert listens(child.pid) and not listens(other.pid)
        with pytest.raises(NotListening):
            ask(other.pid)
        assert other.is_running()
    finally:
        other.kill()


def test_a_handler_of_the_signal_without_the_witness_is_not_taken_for_one(start: Start) -> None:
    child = start("signal.signal(41, lambda *_: os._exit(9))\n" + WAITS, MIDNIGHT_WITNESS_DIR="")
    assert not listens(child.pid)
    with pytest.raises(NotListening, match="midnight target witness"):
        ask(child.pid)
    assert child.poll() is None


def test_a_process_that_has_ended_does_not_listen(start: Start) -> None:
    child = start()
    child.kill()
    child.wait()
    assert not listens(child.pid)
    with pytest.raises(NotListening):
        ask(child.pid)


def test_a_process_that_ends_instead_of_answering_is_not_waited_for(start: Start) -> None:
    child = start("signal.signal(41, lambda *_: os._exit(0))\n" + WAITS)
    with pytest.raises(NoAnswer, match="ended"):
        ask(child.pid, within=60)


def test_no_answer_in_time_says_so(start: Start) -> None:
    child = start("signal.pthread_sigmask(signal.SIG_BLOCK, [41])\n" + WAITS)
    with pytest.raises(NoAnswer, match=r"not within 0\.1 s"):
        ask(child.pid, within=0.1)


def test_an_error_in_the_census_is_the_callers(start: Start) -> None:
    child = start("from midnight_witness import census\ncensus._taken = lambda: 1 / 0\n" + WAITS)
    with pytest.raises(NoAnswer, match=r"the census failed: ZeroDivisionError: .* in <lambda>"):
        ask(child.pid)
    assert child.poll() is None


def test_an_answer_that_nobody_read_is_not_taken_for_a_new_one(start: Start, tmp_path: Path) -> None:
    child = start()
    (tmp_path / f"{child.pid}-7.json").write_text(json.dumps({"began": 0, "counter": 7}))
    assert ask(child.pid)["counter"] == 1
    assert list(tmp_path.iterdir()) == []


def test_a_forked_child_answers_for_itself(start: Start) -> None:
    child = start("if os.fork() == 0:\n    sys.stdin.read()\n    os._exit(0)\n" + WAITS)
    (forked,) = psutil.Process(child.pid).children()
    assert [ask(pid)["pid"] for pid in (child.pid, forked.pid)] == [child.pid, forked.pid]


def test_what_a_preloading_server_froze_is_counted(start: Start) -> None:
    child = start("import gc\nKEPT = [[] for _ in range(5000)]\ngc.freeze()\n" + WAITS)
    first, second = ask(child.pid), ask(child.pid)
    assert first["counts"]["objects"] == second["counts"]["objects"] > 5000


def test_a_directory_that_cannot_be_written_to_breaks_nothing(start: Start, tmp_path: Path) -> None:
    child = start()
    tmp_path.rename(tmp_path.with_name("moved"))
    tmp_path.mkdir()
    tmp_path.rmdir()
    with pytest.raises(NotListening, match="cannot be read"):
        ask(child.pid)
    with suppress(NoAnswer):
        ask(child.pid, 0.2, directory=tmp_path.with_name("moved"))
    tmp_path.with_name("moved").rename(tmp_path)
    assert ask(child.pid)["counter"] >= 1


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="namespaces need root")
def test_a_process_in_a_container_is_asked_by_its_number_here(start: Start, tmp_path: Path) -> None:
    """Its number there is another one, and its directory is mounted there alone."""
    script = f'mount -t tmpfs none {tmp_path} && exec "$@"'
    child = start(WAITS, "unshare", "--mount", "--pid", "--fork", "sh", "-c", script, "sh")
    (inner,) = psutil.Process(child.pid).children()
    census = ask(inner.pid)
    assert (census["pid"], inner.pid != 1) == (1, True)
    assert list(tmp_path.iterdir()) == []
    inner.kill()


def target(consent: object, driver: str = "attach") -> Target:
    return Target.model_validate({"name": "shop", "driver": driver, "consent": consent})


def test_only_a_target_that_consents_may_be_asked() -> None:
    agreed = {"owner": "me", "until": "2999-12-31"}
    assert "witness: true" in allowed(target(None))
    assert "witness: true" in allowed(target(agreed))
    assert "expired" in allowed(target({**agreed, "until": "2020-02-29", "witness": True}))
    assert allowed(target({**agreed, "witness": True})) == ""
    assert allowed(target(None, "embedded")) == ""
