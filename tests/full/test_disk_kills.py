"""Two hundred kills over a served disk's life: of midnight, its watchdog, the disk's server and nbdfuse, in any order.

The target is the smallest that has such a disk; the steps slow and stall it. Half of the runs are an ordinary user's.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from chaos.host.disk import attached
from chaos.host.privileges import unprivileged_user
from chaos.host.processes import mark_of
from chaos.record.journal import Event
from chaos.undo.heal import outstanding
from tests.conftest import traces
from tests.full import tables
from tests.host.disks import USER, WHO, Disk, fuse_connections, open_to_all, why_not
from tests.midnight import Midnight
from tests.real.healing import wait_for
from tests.waiting import wait_until

pytestmark = [pytest.mark.full, pytest.mark.timeout(7200)]

KILLS = int(os.environ.get("MIDNIGHT_KILLS", "200"))
AT_ONCE = 3  # they mostly wait
GONE_WITHIN = 120.0  # seconds, on a busy machine
STAGES: tuple[tuple[Callable[[Event], bool] | None, float], ...] = (
    # a stage is drawn as often as it is here; the first blow falls so many seconds into it at most
    (None, 2.0),
    *[(lambda event: (event.source, event.phase) == ("target", "rising"), 2.0)] * 3,
    (lambda event: (event.name, event.phase) == ("baseline", "begun"), 1.0),
    *[(lambda event: (event.name, event.phase) == ("play", "begun"), 2.5)] * 5,
    *[(lambda event: (event.name, event.phase) == ("play", "ended"), 0.8)] * 2,
)
KILL, FREEZE, END = signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM
TARGET = """\
name: disk
driver: one_disk
ready: /ready
routes:
  read: {path: "/items/{item}", items: 9}
"""
EXPERIMENT = """\
name: short
title: A disk is slowed and stalled
load:
  timeout: 2s
  mix: {read: 1}
  baseline: {for: 500ms, rate: 20, availability: 50%, p99: 2s}
  phases: [{name: play, for: 2500ms, rate: 20}]
steps:
  - {name: slow, fault: disk_limit, at: 200ms, hold: 1s, with: {volume: data, write: 200kB}}
  - {name: stall, fault: disk_stall, at: 800ms, hold: 1s}
slos: [{name: availability, availability: 1%}]
outage: {below: 50%, window: 1s, sustained: 1s}
instrument: {lag: 900ms, run_delay: 100%}
"""


@dataclass(frozen=True, slots=True)
class Blow:
    victim: str
    by: signal.Signals
    after: float  # seconds since the one before


@dataclass(frozen=True, slots=True)
class Fate:
    who: str
    stage: Callable[[Event], bool] | None
    at: float  # seconds into the stage: the first blow
    blows: tuple[Blow, ...]

    @property
    def undone_by_hand(self) -> bool:
        return any(blow.victim == "watchdog" for blow in self.blows)


def draw(rng: random.Random, who: str) -> Fate:
    frozen = rng.random() < 0.2  # it stands still before it is killed
    blows = [Blow("midnight", KILL if frozen or rng.random() < 0.8 else END, 0.0)]
    for victim, share, ways in (
        ("watchdog", 0.4, (KILL,)),
        ("server", 0.4, (KILL, FREEZE, END)),
        ("nbdfuse", 0.3, (KILL, FREEZE, END)),
    ):
        if rng.random() < share:
            blows.append(Blow(victim, rng.choice(ways), rng.uniform(0.0, 0.3)))
    rng.shuffle(blows)
    if frozen:
        blows.insert(0, Blow("midnight", FREEZE, 0.0))
    stage, longest = rng.choice(STAGES)
    return Fate(who, stage, rng.uniform(0.0, longest), tuple(blows))


@contextmanager
def command_of(who: str) -> Iterator[Midnight]:
    """The command `midnight` as root or an ordinary user, with a place of its own."""
    place = Path(tempfile.mkdtemp(prefix="midnight-test-kills-"))
    command = Midnight(place, prefix=tuple(Disk(place, who, "").argv()))
    command.file("disk.yaml", TARGET)
    command.file("short.yaml", EXPERIMENT)
    place.chmod(0o755)
    if who == USER and (user := unprivileged_user()) is not None:
        os.chown(place, user.uid, user.gid)
    try:
        yield command
    finally:
        command.stop_all()
        shutil.rmtree(place)


def victims(midnight: Midnight, process: subprocess.Popen[bytes]) -> dict[str, psutil.Process]:
    """The processes that exist now, by name."""
    found = {"midnight": psutil.Process(process.pid)}
    with suppress(psutil.Error):
        for child in found["midnight"].children():
            if "chaos.undo.watchdog" in child.cmdline():
                found["watchdog"] = child
    disk = f"{midnight.run.id}-disk/" if midnight.runs else "none"
    for pid in psutil.pids():
        if (mark_of(pid) or "").startswith(disk):
            with suppress(psutil.Error):
                each = psutil.Process(pid)
                found["server" if "python" in each.name() else each.name()] = each
    return found


def of_run(run: str) -> list[str]:
    """Everything that is left of a run; commands that hang in the kernel bear its id in their arguments."""
    found = [*traces(run)]
    for each in psutil.process_iter(["cmdline"]):
        if any(run in word for word in each.info["cmdline"] or ()):
            found.append(f"process {each.pid} {each.info['cmdline']}")
    return found


def assert_gone(run: str, fate: Fate, doing: str) -> None:
    """Wait until nothing of the run is left."""
    end = time.monotonic() + GONE_WITHIN
    while (left := of_run(run)) and time.monotonic() < end:
        time.sleep(0.2)
    assert left == [], (fate, doing)


def where(midnight: Midnight) -> str:
    """What the run was doing, from its own journal."""
    if not midnight.runs:
        return "before the run began"
    events = [event for event in midnight.events() if event.source != "healer"]
    acting = {event.name for event in events if event.source == "step" and event.phase == "injecting"}
    phases = {(event.name, event.phase) for event in events}
    if ("play", "ended") in phases:
        return "while it was taken down"
    if acting:
        return f"in the play, {len(acting)} of 2 steps begun"
    if ("play", "begun") in phases:
        return "in the play, no step begun"
    return "in the baseline" if ("baseline", "begun") in phases else "while it was brought up"


def strike(midnight: Midnight, process: subprocess.Popen[bytes], fate: Fate) -> str:
    """Strike the blows; return what the run was doing at the first."""
    if fate.stage is not None:
        wait_for(midnight, process, fate.stage)
    time.sleep(fate.at)  # a random instant is what is tested
    there = victims(midnight, process)
    doing = where(midnight) if process.poll() is None else "after it had ended"
    for blow in fate.blows:
        time.sleep(blow.after)
        with suppress(KeyError, psutil.Error):  # it does not exist yet, or any more
            there[blow.victim].send_signal(blow.by)
    return doing


def kill_one(fate: Fate) -> tuple[str, float]:
    """Where the run was killed, and the seconds until nothing of it was left."""
    with command_of(fate.who) as midnight:
        process = midnight.start(
            "run", str(midnight.place / "short.yaml"), "--target", str(midnight.place / "disk.yaml")
        )
        doing = strike(midnight, process, fate)
        begun = time.monotonic()
        code = process.wait(120)
        assert code != 6, (fate, (midnight.place / "output").read_text())
        if not midnight.runs:
            return doing, 0.0
        run = midnight.run
        if not fate.undone_by_hand:
            assert_gone(run.id, fate, doing)
        undone = midnight("undo")
        assert undone.code == 0, (fate, doing, undone)
        assert_gone(run.id, fate, doing)
        took = time.monotonic() - begun
        assert outstanding(run) == [], (fate, doing)
        assert midnight("undo").out.strip() == "nothing to undo", (fate, doing)
        return doing, took


def orphans(connections: Path | None) -> set[str]:
    """FUSE connections without a mount."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    mounted = {line.split()[2].partition(":")[2] for line in lines}
    return {each.name for each in connections.iterdir()} - mounted if connections is not None else set()


@pytest.mark.usefixtures("nothing_left")
def test_two_hundred_kills_leave_nothing_behind() -> None:
    whos = [who for who in WHO if why_not(who) is None]
    if not whos:
        pytest.skip("no disk can be served here")
    rng = random.Random(11)
    fates = [draw(rng, whos[number % len(whos)]) for number in range(KILLS)]
    healed: dict[tuple[str, str], list[float]] = defaultdict(list)
    with open_to_all(attached.FUSE), fuse_connections() as connections, ThreadPoolExecutor(AT_ONCE) as pool:
        before = orphans(connections)
        playing = [pool.submit(kill_one, fate) for fate in fates]
        for fate, each in zip(fates, playing, strict=True):
            if each.exception() is not None:
                pool.shutdown(wait=False, cancel_futures=True)
            doing, took = each.result()
            healed[doing, fate.who].append(took)
            rows = [
                (doing, who, len(times), f"{max(times):.1f} s")
                for (doing, who), times in sorted(healed.items())
            ]
            tables.write("disk kills", ("killed", "as", "times", "nothing left after, at most"), rows)
        wait_until(lambda: orphans(connections) <= before)
