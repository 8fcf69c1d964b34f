"""A Compose project that is not ours keeps its database on a served disk, by the override that `wire` prints."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from chaos.host import mounting
from chaos.host.disk import attached
from chaos.plugin.handles import EngineAt
from chaos.record.journal import Journal
from tests.docker import foreign
from tests.docker.foreign import Project
from tests.midnight import Midnight

pytestmark = [
    pytest.mark.real,
    pytest.mark.wide,
    pytest.mark.skipif(attached.why_not() is not None or os.geteuid() != 0, reason="no disk can be served"),
]

DATA = "/var/lib/postgresql/data"
DISK = "name: slow\ndriver: disk\noptions: {place: PLACE, size: 600MB}\n"
TARGET = (
    """
name: mine
driver: compose
consent: {owner: the test, until: 2099-12-31}
"""
    + foreign.ROUTES
    + """\
options:
  project: PROJECT
  api: {service: web}
  database: {service: db}
"""
)
EXPERIMENT = """
name: disk
title: Everything a served disk can do
load:
  timeout: 10s
  mix: {read: 1, write: 2}
  baseline: {for: 2s, rate: 20, availability: 95%, p99: 5s}
  phases: [{name: day, for: 28s, rate: 20}]   # the crash at 15 s takes a busy machine seconds to recover from
outage: {below: 95%, window: 1s, sustained: 2s}
abort: [{name: target-down, off: true}]
steps:
  - {name: slow, fault: disk_limit, at: 500ms, hold: 2s, with: {volume: data, write: 100kB/s}}
  - {name: late, fault: disk_delay, at: 4s, hold: 4s, with: {flush: 100ms}}
  - {name: still, fault: disk_stall, at: 10s, hold: 1s}
  - {name: full, fault: disk_full, at: 12500ms, hold: 300ms, with: {volume: data}}
  - {name: broken, fault: disk_error, at: 15s, hold: 1s, with: {at_most: 1}}
slos: [{name: availability, availability: 1%}]
limits: {lost_writes: 0}
"""
STALLED = """
name: stalled
title: Killed while the disk stands still
load:
  timeout: 10s
  mix: {write: 1}
  baseline: {for: 1s, rate: 10, availability: 90%, p99: 5s}
  phases: [{name: day, for: 60s, rate: 10}]
abort: [{name: target-down, off: true}]
steps: [{name: still, fault: disk_stall, at: 100ms, hold: 50s}]
slos: [{name: availability, availability: 1%}]
"""


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Midnight]:
    """The one who brings the disk up and takes it down."""
    place = tmp_path_factory.mktemp("mine")
    yield Midnight(place)
    assert not list(place.glob("slow*")), "something of the disk is left"
    assert not [each for each in mounting.mounts() if each.at.is_relative_to(place)]


@pytest.fixture(scope="module")
def disk(mine: Midnight) -> Iterator[Path]:
    place = mine.place / "slow"
    file = mine.file("disk.yaml", DISK.replace("PLACE", str(place)))
    done = mine("stack", "up", "--target", file)
    assert done.code == 0, done.err
    assert f"--place {place}" in done.out
    yield place
    assert mine("stack", "down", "--target", "slow").code == 0


@pytest.fixture(scope="module")
def project(engine_at: EngineAt, disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    del disk  # it goes after the project
    with foreign.shop(engine_at, tmp_path_factory.mktemp("wired") / "override.yaml") as made:
        yield made


def wired(midnight: Midnight, project: Project, disk: Path, client: DockerClient) -> None:
    """As its owners would: type what `wire` prints, with what the volume holds now; once for all tests."""
    if project.override.exists():
        return
    project.ask(client, "create table kept ()")
    done = midnight("target", "wire", f"compose:{project.name}", "--disk", "db", "--place", str(disk))
    assert done.code == 0, done.err
    for line in re.findall(r"^#   ((?:mkdir|docker (?:stop|run)) .*)", done.out, re.MULTILINE):
        subprocess.run(shlex.split(line), check=True, capture_output=True)
    project.override.write_text(done.out)
    project("up", "-d", "--timeout", "1")
    project.ask(client, "table kept")


def played(midnight: Midnight, project: Project, experiment: str, *more: str) -> Any:
    target = midnight.file("mine.yaml", TARGET.replace("PROJECT", project.name))
    return midnight("run", midnight.file("disk.yaml", experiment), "--target", target, *more)


def mounts_of(client: DockerClient, project: Project) -> dict[str, str]:
    mounts = project.database(client).attrs["Mounts"]
    return {each["Destination"]: each["Name"] for each in mounts}


def test_a_step_on_another_disk_is_refused_with_the_line_to_type(
    midnight: Midnight, project: Project
) -> None:
    done = played(midnight, project, EXPERIMENT.replace("fault: disk_full", "fault: disk_stall"))
    assert done.code == 2, done.err
    assert "step 'slow': volume data is on a served disk: it is not" in done.err
    assert f"midnight target wire compose:{project.name} --disk db:{DATA} --place PLACE" in done.err
    assert midnight.runs == []


def test_every_fault_of_a_served_disk_reaches_the_projects_database(
    midnight: Midnight, project: Project, disk: Path, client: DockerClient
) -> None:
    wired(midnight, project, disk, client)
    before, knobs = project.states(client), disk.with_name("slow.img.served") / "knobs"
    done = played(midnight, project, EXPERIMENT)
    assert midnight.runs, done.err
    outcomes = midnight.outcomes()
    assert done.code == 0, [each for each in outcomes.items() if each[1] not in ("pass", "not exercised")]
    effects = {name: outcome for name, outcome in outcomes.items() if name.startswith("effect")}
    told = [each for each in midnight.verdict["findings"] if each["check"] == "effect"]
    assert set(effects.values()) == {"pass"} and len(effects) == 5, told
    assert project.states(client) == before and list(knobs.iterdir()) == []
    sampled = {source for source, _ in Journal(midnight.run).gauges() if source.startswith("volume:")}
    assert sampled == {"volume:data"}


@pytest.mark.full
def test_a_killed_run_leaves_the_disk_answering(
    midnight: Midnight, project: Project, disk: Path, client: DockerClient
) -> None:
    wired(midnight, project, disk, client)
    knobs = disk.with_name("slow.img.served") / "knobs"
    target = midnight.file("mine.yaml", TARGET.replace("PROJECT", project.name))
    process = midnight.start("run", midnight.file("stalled.yaml", STALLED), "--target", target)
    end = time.monotonic() + 60
    while not list(knobs.glob("stall.*")):
        assert process.poll() is None and time.monotonic() < end, (midnight.place / "output").read_text()
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while list(knobs.glob("stall.*")):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert midnight("undo").code == 0


def test_a_disk_that_is_used_stays_up_and_the_project_goes_back_to_its_volume(
    midnight: Midnight, mine: Midnight, project: Project, disk: Path, client: DockerClient
) -> None:
    wired(midnight, project, disk, client)
    own = f"{project.name}_midnight-disk-db-data"
    assert mounts_of(client, project) == {DATA: own}
    done = mine("stack", "down", "--target", "slow")
    assert done.code == 2 and re.search(rf"in use by container {project.name}\S*db\S*1: stop", done.err), done
    assert "slow is up" in mine("stack", "status", "--target", "slow").out

    project.override.unlink()
    project("up", "-d", "--timeout", "1")
    project.ask(client, "table kept")
    client.volumes.get(own).remove()
    assert mounts_of(client, project) == {DATA: f"{project.name}_data"}
