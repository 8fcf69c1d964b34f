"""Counts of a process are exactly what it holds, and nothing is counted that cannot be seen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.census import processes
from chaos.census.descriptors import KINDS, kind_of
from chaos.census.processes import Gone, Unseen, counts, limits, memory, tree
from chaos.host.processes import ref_of
from tests.census.conftest import AsNobody
from tests.census.hoarding import Hoard, hoard_in, more
from tests.waiting import wait_until

FDS = {  # the count that each command raises, and by how much for one
    "file": ("descriptors:file", 1),
    "deleted": ("descriptors:deleted", 1),
    "pipe": ("descriptors:pipe", 2),
    "epoll": ("descriptors:epoll", 1),
    "memory": ("descriptors:other", 1),
    "unix": ("descriptors:socket", 2),
    "thread": ("threads", 1),
}


@pytest.mark.parametrize("what", FDS)
def test_what_a_process_opens_raises_its_own_count_alone(hoard: Hoard, what: str) -> None:
    before = hoard.counts()
    hoard(what, 7)
    name, each = FDS[what]
    assert more(before, hoard.counts()) == {name: 7 * each}


def test_what_a_process_gives_back_is_gone_from_its_counts(hoard: Hoard) -> None:
    before = hoard.counts()
    for what in FDS:
        hoard(what, 3)
    assert more(before, hoard.counts()) == {name: 3 * each for name, each in FDS.values()}
    hoard("drop")
    wait_until(lambda: hoard.counts() == before)  # a thread is listed until the kernel has let go of it


@pytest.fixture(scope="module")
def hoarder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hoard]:
    with hoard_in(tmp_path_factory.mktemp("hoard")) as process:
        yield process


@settings(max_examples=30)
@given(wanted=st.dictionaries(st.sampled_from(sorted(FDS)), st.integers(0, 12)))
def test_counts_are_what_was_opened_whatever_it_was(hoarder: Hoard, wanted: dict[str, int]) -> None:
    before = hoarder.counts()
    for what, count in wanted.items():
        hoarder(what, count)
    opened = {FDS[what][0]: count * FDS[what][1] for what, count in wanted.items() if count}
    assert more(before, hoarder.counts()) == opened
    hoarder("drop")
    wait_until(lambda: hoarder.counts() == before)


def test_every_count_is_there_even_if_it_is_zero(hoard: Hoard) -> None:
    assert set(hoard.counts()) == {*(f"descriptors:{kind}" for kind in KINDS), "threads"}


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("/srv/a.pdf", "file"),
        ("/srv/a.pdf (deleted)", "deleted"),
        ("/dev/null", "file"),
        ("socket:[12]", "socket"),
        ("pipe:[12]", "pipe"),
        ("anon_inode:[eventpoll]", "epoll"),
        ("anon_inode:inotify", "epoll"),
        ("/memfd:x (deleted)", "other"),
        ("net:[4026531840]", "other"),
        ("pidfd:[12]", "other"),
    ],
)
def test_a_link_names_its_kind(link: str, kind: str) -> None:
    assert kind_of(link) == kind


def test_memory_of_its_own_grows_with_what_it_writes() -> None:
    program = "import sys; input(); kept = b'x' * (20 << 20); print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-Ic", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None and child.stdout is not None
        before = memory(child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline() == "held\n"
        grown = {name: size - before[name] for name, size in memory(child.pid).items()}
        child.kill()
    assert set(grown) == {"memory:uss", "memory:rss"}
    assert grown["memory:uss"] >= 20 << 20


def test_a_process_that_has_ended_is_gone(hoard: Hoard) -> None:
    ref = hoard.ref
    hoard.process.kill()
    hoard.process.wait()
    for look in (counts, memory, limits):
        with pytest.raises(Gone):
            look(ref.pid)
    with pytest.raises(Gone):
        tree(ref)


def test_a_zombie_is_gone() -> None:
    """Not waited for, it keeps its pid, but has given everything back."""
    child = subprocess.Popen([sys.executable, "-Ic", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(Gone):
        counts(child.pid)
    with pytest.raises(Gone):
        memory(child.pid)
    child.wait()


def test_a_process_whose_first_thread_has_ended_is_unseen_and_not_empty() -> None:
    program = (
        "import ctypes, threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "print('ready', flush=True)\n"
        f"ctypes.CDLL(None).syscall({93 if os.uname().machine == 'aarch64' else 60}, 0)\n"  # exit(2), of one thread
    )
    with subprocess.Popen([sys.executable, "-Ic", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        status = Path(f"/proc/{child.pid}/status")
        wait_until(lambda: "State:\tZ" in status.read_text(), "the first thread has ended")
        with pytest.raises(Unseen, match="first thread"):
            counts(child.pid)
        child.kill()


def test_a_process_of_another_user_is_unseen_and_says_whose_it_is(hoard: Hoard, as_nobody: AsNobody) -> None:
    for look in (counts, memory):
        assert as_nobody(partial(look, hoard.pid)) == (
            f"Unseen: process {hoard.pid} belongs to user 0 or is protected: run midnight as that user or as root"
        )


def test_limits_are_the_soft_ones_of_the_process() -> None:
    argv = ["prlimit", "--nofile=256:512", "--nproc=77:99", "sleep", "600"]
    with subprocess.Popen(argv) as child:
        wait_until(lambda: b"sleep" in Path(f"/proc/{child.pid}/cmdline").read_bytes()[:6])
        found = limits(child.pid)
        child.kill()
    assert found["descriptors"] == 256
    assert (found["threads"] == 77) is bool(os.geteuid())  # the kernel does not apply it to root
    assert found["threads"] <= int(Path("/proc/sys/kernel/threads-max").read_text())


def test_the_least_limit_of_a_cgroup_and_those_above_it_counts(tmp_path: Path) -> None:
    inner = tmp_path / "pids/shop/api"
    inner.mkdir(parents=True)
    (tmp_path / "pids/shop/pids.max").write_text("120\n")
    (inner / "pids.max").write_text("max\n")
    lines = "9:name=systemd:/\n8:pids:/shop/api\n4:memory:/other\n0::/\n"
    assert list(processes._of_cgroups(lines, tmp_path)) == [120]
    (inner / "pids.max").write_text("64\n")
    assert list(processes._of_cgroups(lines, tmp_path)) == [64, 120]


def test_a_tree_has_the_process_and_all_below_it_oldest_first() -> None:
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(['sh', '-c', 'sleep 600 & echo $! ; wait'], stdout=subprocess.PIPE, text=True)\n"
        "print(child.pid, child.stdout.readline().strip(), flush=True)\n"
        "child.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-Ic", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as first:
        assert first.stdout is not None
        below = [int(word) for word in first.stdout.readline().split()]
        found = tree(ref_of(first.pid))
        os.killpg(first.pid, signal.SIGKILL)
    assert [each.pid for each in found] == [first.pid, *below]
    assert [each.create_time for each in found] == sorted(each.create_time for each in found)
