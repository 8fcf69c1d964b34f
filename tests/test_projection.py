"""A line through measured restores is what it says, and is not trusted further than it reaches."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.checks.extrapolation import (
    FURTHEST,
    CannotProject,
    Measured,
    Point,
    fit,
    predict,
    project_rpo,
    project_rto,
    student,
)
from chaos.spec.production import Production

MB = 10**6


@pytest.mark.parametrize(
    ("degrees", "value"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (10, 2.228), (30, 2.042), (100, 1.984)],
)
def test_students_t_is_that_of_the_printed_tables(degrees: int, value: float) -> None:
    assert student(0.95, degrees) == pytest.approx(value, abs=0.0005)


sizes = st.lists(st.integers(1 * MB, 1000 * MB), min_size=5, max_size=20, unique=True)


@given(sizes, st.floats(0.01, 10), st.floats(1e-10, 1e-6), st.floats(0.1, FURTHEST))
def test_points_on_a_line_are_projected_onto_it(
    given_sizes: list[int], fixed: float, per_byte: float, reach: float
) -> None:
    points = [Point(size, fixed + per_byte * size) for size in given_sizes]
    size = reach * max(given_sizes)
    span = predict(points, size)
    assert span.seconds == pytest.approx(fixed + per_byte * size, rel=1e-6)
    assert span.low <= span.seconds <= span.high
    assert span.half_width <= 0.01 * span.seconds


@given(sizes, st.data())
def test_the_order_of_the_points_does_not_matter_and_the_interval_widens_with_the_distance(
    given_sizes: list[int], data: st.DataObject
) -> None:
    points = [Point(size, data.draw(st.floats(0.1, 100))) for size in given_sizes]
    line = fit(points)
    other = fit(list(reversed(points)))
    assert other.per_byte == pytest.approx(line.per_byte, rel=1e-6, abs=1e-15)
    near, far = line.predict(line.mean), line.predict(line.largest * 10)
    assert near.half_width <= far.half_width


def test_the_interval_holds_what_comes_next_as_often_as_it_says() -> None:
    dice = random.Random(7)
    here = [16 * MB, 32 * MB, 64 * MB, 96 * MB, 128 * MB]

    def restore(size: int) -> float:
        return 0.3 + size * 5e-9 + dice.gauss(0, 0.02)

    held = 0
    for _ in range(4000):
        span = fit([Point(size, restore(size)) for size in here]).predict(256 * MB)
        held += span.low <= restore(256 * MB) <= span.high
    assert held / 4000 == pytest.approx(0.95, abs=0.012)


def line(count: int = 5, noise: float = 0.0) -> list[Point]:
    return [Point(size * 10 * MB, 1 + size + (noise if size % 2 else -noise)) for size in range(1, count + 1)]


def test_beyond_ten_times_the_largest_it_is_not_trusted() -> None:
    assert predict(line(), 500 * MB).seconds == pytest.approx(51)
    with pytest.raises(CannotProject, match="more than 10 times the largest measured"):
        predict(line(), 501 * MB)


@pytest.mark.parametrize(
    ("points", "because"),
    [
        (line(4), "4 measured, but a line needs 5"),
        ([Point(MB, 1.0)] * 5, "the same size"),
        (line(noise=3.0), "scatter too much"),
        ([Point(size * MB, 10 - size) for size in range(5)], "do not grow"),
    ],
)
def test_a_bad_fit_is_refused_with_the_reason(points: list[Point], because: str) -> None:
    with pytest.raises(CannotProject, match=because):
        predict(points, 30 * MB)


WHOLE = {"size": "400GB", "wal_rate": "2MB/s", "backup_age": "1d", "replay_throughput": "100MB/s"}


def production(**changes: Any) -> Production:
    return Production.model_validate({**WHOLE, **changes})


def test_stated_measured_and_assumed_times_are_distinguished() -> None:
    found = project_rto(
        {"detect": 6.0, "verify": 1.0},
        {"paging": 300.0},
        production(restore_throughput="200MB/s"),
        Measured(),
    )
    told = {part.name: (part.span.seconds, part.basis) for part in found.parts}
    assert told == {
        "detect": (6.0, "measured"),
        "verify": (1.0, "measured"),
        "paging": (300.0, "assumed"),
        "restore": (2000.0, "stated"),
        "replay": (1728.0, "stated"),
    }
    assert found.span.seconds == found.span.low == found.span.high == 4035.0


def test_the_measured_line_serves_a_size_it_reaches() -> None:
    found = project_rto({}, {}, production(size="500MB"), Measured(line(noise=0.1)))
    restore = found.parts[0]
    assert restore.basis == "projected"
    assert restore.span.low < 51 < restore.span.high
    assert found.span.half_width == pytest.approx(restore.span.half_width)


@pytest.mark.parametrize(
    ("changes", "measured", "because"),
    [
        ({}, Measured(line()), r"cannot be projected without `production\.restore_throughput`: 400 GB"),
        ({"size": None}, Measured(line()), r"cannot be projected without `production\.size`"),
        ({"size": "500MB", "wal_rate": None}, Measured(line()), r"without `production\.wal_rate`"),
        (
            {"size": "500MB", "replay_throughput": None},
            Measured(line()),
            r"`production\.replay_throughput`: 0",
        ),
    ],
)
def test_a_missing_input_is_named(changes: dict[str, Any], measured: Measured, because: str) -> None:
    with pytest.raises(CannotProject, match=because):
        project_rto({"detect": 1.0}, {}, production(**changes), measured)


def test_a_standbys_takeover_does_not_grow_with_the_data_and_loses_its_lag() -> None:
    stated = Production.model_validate({"replication_lag": "3s", "archive_interval": "5m"})
    assert project_rto({"promote": 2.0}, {}, stated, None).span.seconds == 2.0
    assert project_rpo(stated, standby=True).span.seconds == 3.0
    with pytest.raises(CannotProject, match=r"production\.upload_lag"):
        project_rpo(stated, standby=False)


def test_an_archive_loses_its_interval_and_its_uploads_lag() -> None:
    stated = Production.model_validate({"archive_interval": "5m", "upload_lag": "20s"})
    assert project_rpo(stated, standby=False).span.seconds == 320.0
