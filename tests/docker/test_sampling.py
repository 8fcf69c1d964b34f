"""A container's figures, by its cgroup files and by the engine's stream: two ways to the same truth."""

from __future__ import annotations

import time

import pytest

from chaos.sampling.containers import ContainerSource, _Stream, how
from tests.docker.conftest import Victim

pytestmark = pytest.mark.real


def test_the_cgroup_files_and_the_engine_agree_about_memory_and_processes(victim: Victim) -> None:
    assert how({"api": victim.ref}).startswith("cgroup v")
    source, stream = ContainerSource({"api": victim.ref}), _Stream(victim.ref)
    try:
        end = time.monotonic() + 60
        while not (agree := _agree(source, stream)) and time.monotonic() < end:
            time.sleep(0.1)  # the stream speaks once a second, and what is only just started still grows
    finally:
        source.close()
        stream.close()
    assert agree


def _agree(source: ContainerSource, stream: _Stream) -> bool:
    told, gauges = stream.latest(), source.read()
    if told is None:
        return False
    same = gauges[("process:api", "rss")] == pytest.approx(told.memory, rel=0.1)
    return bool(same and gauges[("process:api", "threads")] == told.pids)


def test_a_container_that_was_started_again_is_found_again(victim: Victim) -> None:
    source = ContainerSource({"api": victim.ref})
    try:
        assert source.read()
        victim.container.restart(timeout=0)
        end = time.monotonic() + 60
        while not source.read() and time.monotonic() < end:
            time.sleep(0.1)
        assert source.read()
    finally:
        source.close()
