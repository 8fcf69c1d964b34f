"""The engine itself is stopped and started again in the middle of a fault: afterwards everything is as it was."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos import engine
from chaos.errors import MidnightError
from chaos.plugin.handles import EngineAt
from chaos.undo.heal import outstanding
from tests.docker.conftest import everything, ours
from tests.midnight import Midnight
from tests.real.broken import experiment
from tests.real.healing import wait_for

pytestmark = [pytest.mark.real, pytest.mark.full]

CUT = "{name: cut, fault: partition, at: 1s, hold: 29s, with: {target: database}}"
FREEZE = "{name: freeze, fault: pause, at: 1500ms, hold: 29s, with: {target: model}}"
LIMIT = "{name: limit, fault: disk_limit, at: 1s, hold: 29s, with: {volume: data, write: 200kB}}"
DELAY = "{name: delay, fault: disk_delay, at: 1500ms, hold: 29s, with: {volume: data, flush: 2s}}"
STALL = "{name: stall, fault: disk_stall, at: 1500ms, hold: 29s, with: {volume: data}}"


class Engine:
    """An engine of the test's own."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.at = EngineAt(f"unix://{place}/socket")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        place = self._place
        argv = ["dockerd", "--data-root", f"{place}/data", "--exec-root", f"{place}/exec"]
        # without a bridge it would take the default one away from an engine that has it
        argv += ["--bridge", "docker0" if Path("/sys/class/net/docker0").exists() else "none"]
        argv += ["--pidfile", f"{place}/pid", "--host", self.at.url]
        with (place / "log").open("ab") as log:
            self._process = subprocess.Popen(argv, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while True:
            try:
                engine.ping(self.at)
                return
            except MidnightError as error:
                assert time.monotonic() < end and self._process.poll() is None, error
                time.sleep(0.1)

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)


@pytest.fixture
def own_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    if os.environ.get("REQUIRE_DOCKER") != "1":
        pytest.skip("a second engine writes the firewall's rules anew: only where REQUIRE_DOCKER=1 allows it")
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.fail("an engine of its own needs root and dockerd")
    place = Path("/tmp") / f"engine-{secrets.token_hex(4)}"  # a socket's path must be short
    place.mkdir()
    made = Engine(place)
    made.start()
    monkeypatch.setenv("DOCKER_HOST", made.at.url)
    try:
        yield made
    finally:
        made.stop()
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            if (mounted := line.split()[4]).startswith(f"{place}/"):  # it leaves a network namespace
                subprocess.run(["umount", mounted], check=True)
        shutil.rmtree(place)


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize(
    ("last", "steps"),
    [("freeze", (CUT, FREEZE)), ("delay", (LIMIT, DELAY)), ("stall", (LIMIT, STALL))],
    ids=["containers", "a slow disk", "a disk that does not answer"],
)
def test_an_engine_that_was_restarted_is_undone_too(
    midnight: Midnight, own_engine: Engine, last: str, steps: tuple[str, ...]
) -> None:
    assert midnight("doctor", "--fix").code == 0
    with engine.connected(own_engine.at) as client:
        before = ours(everything(client))
    file = experiment(midnight.place, *steps, play=36.0)
    process = midnight.start("run", file, "--target", "docker", "--profile", "hardened")
    wait_for(midnight, process, lambda event: event.name == last and event.phase == "injected")

    own_engine.stop()
    own_engine.start()
    process.wait(180)

    midnight("undo")
    assert outstanding(midnight.run) == []
    with engine.connected(own_engine.at) as client:
        assert ours(everything(client)) == before
