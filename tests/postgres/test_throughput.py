"""Restores of several sizes are measured, and a larger one takes what they say."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.extrapolation import Line, Point, fit
from chaos.errors import TargetError
from chaos.host.privileges import unprivileged_user
from chaos.host.processes import marked
from chaos.postgres import throughput
from chaos.record.events import RestoresMeasured
from tests.postgres.servers import Servers

MIB = 1 << 20


def measured(servers: Servers, place: Path, sizes: list[int], **options: Any) -> RestoresMeasured:
    found = throughput.measure(
        servers.installation,
        place / "throughput",
        user=unprivileged_user(),
        mark=f"{servers.mark}/throughput",
        sizes=[size * MIB for size in sizes],
        **options,
    )
    assert not (place / "throughput").exists()
    assert marked(f"{servers.mark}/throughput") == []
    return found


def points(found: RestoresMeasured) -> tuple[list[Point], list[Point]]:
    """What the restores took, and the replays."""
    restores = [Point(each.bytes, each.seconds) for each in found.restores]
    return restores, [Point(each.bytes, each.cpu_seconds) for each in found.replays]


def held(line: Line, largest: list[Point]) -> None:
    """Within three times the interval's reach, which chance alone leaves once in some thousand times."""
    median = sorted(point.seconds for point in largest)[len(largest) // 2]
    span = line.predict(largest[0].bytes)
    assert abs(median - span.seconds) <= max(3 * span.half_width, 0.1), (median, span)
    assert 0.4 <= median / span.seconds <= 2.5, (median, span)


@pytest.mark.alone
def test_a_size_twice_the_largest_takes_what_the_smaller_ones_say(servers: Servers) -> None:
    found = measured(servers, servers.place, [8, 16, 24, 32, 40, 80], repeats=2)
    assert found.because == ""
    assert "drop" in (found.caches or "")
    restores, replays = points(found)
    assert [len(restores), len(replays)] == [12, 12]
    held(fit(restores[:-2]), restores[-2:])
    assert (found.replay_bytes_per_cpu_second or 0) > 10 * MIB
    assert all(each.copying is not None and 0 < each.copying < math.inf for each in found.restores)


@pytest.mark.full
def test_on_a_disk_too_and_replay_as_well(servers: Servers) -> None:
    with tempfile.TemporaryDirectory(prefix="midnight-test-") as place:
        Path(place).chmod(0o755)
        found = measured(servers, Path(place), [64, 128, 256, 384, 512, 1024])
    for measurements in points(found):
        held(fit(measurements[:-3]), measurements[-3:])


@pytest.mark.real
def test_an_exhausted_time_limit_starts_no_further_size_and_is_reported(servers: Servers) -> None:
    found = measured(servers, servers.place, [4, 8, 12], repeats=1, within=0.0)
    assert found.restores == ()
    assert found.because == "0 of 3 sizes were measured within 0 s"


@pytest.mark.real
def test_a_size_that_does_not_fit_on_the_disk_is_refused(servers: Servers) -> None:
    with pytest.raises(TargetError, match="more than half of the free space"):
        measured(servers, servers.place, [100_000_000])
