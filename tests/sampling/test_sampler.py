"""A source that fails is never silent, and one that hangs does not keep the run."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path

import pytest

from chaos.host.mounting import device_under
from chaos.plugin.handles import ContainerRef, EngineAt, Handles, Volume
from chaos.record.journal import Clock, Writer
from chaos.sampling import sampler as samplers
from chaos.sampling import volume as volumes
from chaos.sampling.containers import ContainerSource
from chaos.sampling.machine import MachineSource
from chaos.sampling.sampler import Sampler
from chaos.sampling.source import Gauges
from chaos.sampling.volume import VolumeSource
from tests.waiting import wait_until


def nothing_but_the_machine(path: Path) -> tuple[Sampler, Writer]:
    writer = Writer(path / "samples.jsonl")
    return Sampler(Handles(base_url="http://127.0.0.1:1"), writer, Clock(time.monotonic())), writer


def test_a_source_whose_reading_fails_is_raised_by_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = threading.Event()

    def fail(_source: MachineSource) -> Gauges:
        read.set()
        raise ZeroDivisionError("a gauge of nothing")

    monkeypatch.setattr(MachineSource, "read", fail)
    sampler, writer = nothing_but_the_machine(tmp_path)
    sampler.start()
    assert read.wait(10)
    with pytest.raises(ZeroDivisionError, match="a gauge of nothing"):
        sampler.stop()
    writer.close()


def test_a_source_that_cannot_be_made_is_raised_by_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object) -> MachineSource:
        raise RuntimeError("no such machine")

    monkeypatch.setattr(samplers, "MachineSource", fail)
    sampler, writer = nothing_but_the_machine(tmp_path)
    sampler.start()
    with pytest.raises(RuntimeError, match="no such machine"):
        sampler.stop()
    writer.close()


def test_a_sync_that_does_not_end_does_not_keep_the_volume_source_from_closing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volumes, "CLOSING_WITHIN", 0.05)
    source = VolumeSource(["data"], tmp_path)
    wait_until(lambda: max(source.read().values()) > 0)
    source._probe.send_signal(signal.SIGSTOP)
    source.close()
    assert source._probe.wait() == -signal.SIGKILL


def test_a_sync_in_progress_counts_with_the_time_taken_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = ["sh", "-c", "echo 0.25; echo 0; cat"]
    monkeypatch.setattr(volumes, "python_module", lambda _: hangs)
    source = VolumeSource(["data", "logs"], tmp_path)
    wait_until(lambda: max(source.read().values()) > 0.25)
    assert set(source.read()) == {("volume:data", "sync_wait"), ("volume:logs", "sync_wait")}
    source.close()
    source._thread.join()
    assert source.read() == {}


def test_a_probe_of_a_volume_ends_with_its_reader_and_leaves_no_file(tmp_path: Path) -> None:
    source = VolumeSource(["data"], tmp_path)
    wait_until(lambda: max(source.read().values()) > 0)
    assert list(tmp_path.iterdir()) == []
    source.close()
    assert source._probe.wait() == 0


def test_a_volume_that_cannot_be_written_to_has_no_such_gauge(tmp_path: Path) -> None:
    source = VolumeSource(["data"], tmp_path / "gone")
    source._thread.join()
    assert source.read() == {}
    source.close()


def test_a_volume_that_is_not_a_directory_of_this_machine_is_not_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = ContainerRef(EngineAt("unix:///nowhere"), "id", "name")
    there = {
        "here": Volume(tmp_path, device_under(tmp_path), None),
        "elsewhere": Volume(tmp_path, None, None, container, Path("/var/log")),
    }
    made: list[list[str]] = []

    def remembered(names: list[str], path: Path, *, ours: bool) -> VolumeSource:
        made.append(names)
        return VolumeSource(names, path, ours=ours)

    monkeypatch.setattr(samplers, "VolumeSource", remembered)
    writer = Writer(tmp_path / "samples.jsonl")
    sampler = Sampler(Handles(volumes=there), writer, Clock(time.monotonic()))
    sampler.start()
    sampler.stop()  # every source was made
    writer.close()
    assert made == [["here"]]
    machine = MachineSource(there, {})
    machine.read()
    assert "volume:elsewhere" not in {source for source, _ in machine.read()}


@pytest.mark.parametrize(
    ("readings", "risen"),
    [([5000.0, 5010.0, 5030.0], 30.0), ([5000.0, 5010.0, 12.0], None), ([], None)],
    ids=["it counts from days before", "it was started again", "nobody sampled it"],
)
def test_a_counter_is_read_by_how_far_it_has_risen_since_the_run_began(
    tmp_path: Path, readings: list[float], risen: float | None
) -> None:
    sampler, writer = nothing_but_the_machine(tmp_path)
    for value in readings:
        sampler._write({("api", "log_lines"): value, ("api", "in_flight"): -value})
    writer.close()
    assert sampler.risen("api", "log_lines") == risen


def test_kills_for_memory_of_before_the_run_are_not_of_it_and_a_container_started_again_counts_from_zero() -> (
    None
):
    source = ContainerSource({})
    assert [source._killed("api", count) for count in (7.0, 7.0, 9.0, 0.0, 1.0)] == [0.0, 0.0, 2.0, 2.0, 3.0]


def test_a_gauge_that_is_read_no_longer_is_not_recent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, shows = ("disk", "busy"), threading.Event()

    def read(_source: MachineSource) -> Gauges:
        return {key: 7.0} if shows.is_set() else {}

    monkeypatch.setattr(MachineSource, "read", read)
    sampler, writer = nothing_but_the_machine(tmp_path)
    shows.set()
    sampler.start()
    wait_until(lambda: sampler.recent(60.0) == {key: 7.0}, "a recent gauge")
    shows.clear()
    wait_until(lambda: sampler.recent(0.5) == {}, "no recent gauge")
    assert sampler.latest == sampler.recent(600.0) == {key: 7.0}
    sampler.stop()
    writer.close()
