"""What people write as a time, a size or a ratio is what they read as one, and nothing is guessed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from chaos.checks.rejudge import Objectives
from chaos.plugin import registry
from chaos.runbook_actions import GENERIC
from chaos.schedule.file import ScheduleFile
from chaos.spec import yamlfile
from chaos.spec.experiment import Experiment
from chaos.spec.restore_experiment import RestoreExperiment
from chaos.spec.suite import Suite
from chaos.spec.target import Target
from chaos.spec.units import Exact, Size, goal, percentile, ratio, seconds, show_days, show_seconds, size
from chaos.targets.embedded import actions, profile_file

UNITLESS = {  # what has no unit, or bears it in its name
    *("Phase.rate", "Baseline.rate", "Load.mix"),  # requests a second, weights
    *("BatchJobParams.cpu_seconds", "BatchJobParams.min_cpu_seconds", "CpuLimitParams.cpus"),
    "DatabaseSettings.settings",  # PostgreSQL's own names, and its units
    *("Rounds.rate", "Rounds.usual"),  # requests a second
    *(
        f"LeakLimits.{each}"
        for each in ("descriptors", "entries", "goroutines", "greenlets", "objects", "sessions")
    ),  # counts
    *("LeakLimits.tasks", "LeakLimits.threads"),
    *(
        "Invariant.equals",
        "Invariant.at_least",
        "Invariant.at_most",
        "Delta.plus",
        "Condition.at_least",
        "Condition.at_most",
    ),  # whatever a question asks for
    "OverlapParams.cpu_seconds",
    *(f"{each}.values" for each in ("BatchJobParams", "JobHere", "JobInside", "JobOptions", "OverlapParams")),
    *("Read.rate", "Slo.above", "Slo.below", "Queried.bound"),  # requests a second; whatever a query asks for
    *("BurnRate.at_most", "Query.at_least", "Query.at_most", "Query.equals"),
}


@pytest.mark.parametrize("value", [0.25, 5.0, 90.0, 72.43, 90061.0, 0.0, -90.0])
def test_a_time_that_is_shown_reads_back_as_itself(value: float) -> None:
    assert seconds(show_seconds(value)) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (0.0, "0 s"),
        (0.01234, "12.3 ms"),
        (0.00191, "1.91 ms"),
        (0.000419, "0.42 ms"),
        (0.0004, "0.4 ms"),
        (0.00001, "0.01 ms"),
        (0.00000191, "under 0.01 ms"),
        (31.24, "31.24 s"),
        (900.0, "15m"),
        (90.0, "1m 30s"),
        (59.996, "1m"),
        (72.43, "1m 12.43s"),
        (-90.0, "-1m 30s"),
        (612.5, "10m 12.5s"),
        (90061.0, "1d 1h 1m 1s"),
    ],
)
def test_a_time_is_shown_in_one_notation(value: float, shown: str) -> None:
    assert show_seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(59.5, "59.5 s"), (5400.0, "1h 30m"), (2592000.0, "30d"), (280000.0, "3d 6h")]
)
def test_a_long_time_is_shown_in_hours_and_days(value: float, shown: str) -> None:
    assert show_days(value) == shown


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("300ms", 0.3),
        ("300s", 300),
        ("1m30s", 90),
        ("1d2h", 93600),
        ("1m 30s", 90),
        ("1.5h", 5400),
        ("-1s", -1),
    ],
)
def test_a_time_with_its_unit_is_read(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("zero", [0, 0.0, "0", "0s"])
def test_a_bare_zero_is_a_time(zero: object) -> None:
    assert seconds(zero) == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (300, "needs a unit: 300ms or 300s?"),
        ("300", "needs a unit: 300ms or 300s?"),
        (0.5, "needs a unit: 0.5s or 0.5m?"),
        (1e3, "needs a unit: 1000ms or 1000s?"),
        ("1:30", "did you mean 1m30s?"),
        ("30s1m", "in this order"),
        ("1s1s", "in this order"),
        ("90 seconds", "units d, h, m, s, ms"),
        ("5min", "units d, h, m, s, ms"),
        ("١s", "units d, h, m, s, ms"),
        ("", "must be a time"),
        ("s", "must be a time"),
        (True, "must be a time"),
        (None, "must be a time"),
        (-5, "must not be negative"),
        (math.inf, "must be a finite time"),
        (math.nan, "must be a finite time"),
        ("9" * 400 + "s", "must be a finite time"),
        (10**400, "must be a finite time"),
    ],
)
def test_a_time_that_can_be_read_in_two_ways_or_in_none_is_refused(value: object, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        seconds(value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"), [("400MB", 400e6), ("30MB/s", 30e6), ("1B", 1), ("1.5kB", 1500), (0, 0), ("0", 0)]
)
def test_a_size_with_its_unit_is_read(text: object, value: int) -> None:
    assert size(text) == value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (400, "needs a unit: 400MB or 400B?"),
        ("400", "needs a unit: 400MB or 400B?"),
        (400_000_000, "needs a unit: 400000000B or 400000000kB?"),
        ("400mb", "units B, kB, MB, GB, TB"),
        ("400M", "units B, kB, MB, GB, TB"),
        (-5, "must not be negative"),
        (math.nan, "must be a size"),
        ("9" * 400 + "MB", "must be a size"),
    ],
)
def test_a_size_that_can_be_read_in_two_ways_or_in_none_is_refused(value: object, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        size(value)
    assert words in str(caught.value)


@pytest.mark.parametrize("value", [99, 99.9, 50, "99", 1.5])
def test_a_percentile_is_over_1_and_under_100(value: object) -> None:
    assert percentile(value) == float(str(value))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.99, "is the 0.99th percentile; did you mean 99?"),
        (0.999, "did you mean 99.9?"),
        (1, "must be over 1"),
        (100, "and under 100"),
        (0, "must be over 1"),
        ("99%", "such as 99"),
        ("p99", "such as 99"),
        (True, "must be over 1"),
    ],
)
def test_another_percentile_is_refused(value: object, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        percentile(value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (99, "did you mean 99%?"),
        ("99", "did you mean 99%?"),
        (1, "needs a unit: 1% or 100%?"),
        ("101%", "must be a percentage"),
        (-0.1, "must be a percentage"),
        ("0.99", "needs a unit: 0.99% or 99%?"),
        (math.nan, "must be a percentage"),
    ],
)
def test_a_ratio_that_can_be_read_in_two_ways_or_in_none_is_refused(value: object, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        ratio(value)
    assert words in str(caught.value)


def test_a_goal_of_less_than_a_hundredth_was_not_meant() -> None:
    assert (goal("99%"), goal(0.99), goal("1%")) == (0.99, 0.99, 0.01)
    assert ratio("0.99%") == pytest.approx(0.0099)
    for value in ("0.99%", 0.0099):
        with pytest.raises(ValueError, match=r"is less than 1%; did you mean 99%\?"):
            goal(value)


def test_values_recorded_by_midnight_need_no_unit() -> None:
    assert seconds(300.0, written=False) == 300
    assert size(400, written=False) == 400
    assert percentile(0.5, written=False) == 0.5
    assert seconds(Exact(0.5)) == 0.5 and ratio(Exact(1)) == 1


def _models() -> Iterator[type[BaseModel]]:
    """Everything that a person's file is read as, and what lies in it."""
    faults = [point for point in entry_points(group="midnight.faults") if point.value.startswith("chaos.")]
    drivers = [point for point in entry_points(group="midnight.targets") if point.value.startswith("chaos.")]
    found: list[Any] = [Experiment, Target, Suite, ScheduleFile, RestoreExperiment, Objectives]
    found += [each.Params for each in GENERIC.values()]
    found += actions.PARAMS.values()
    found += [registry.fault(point.name).Params for point in faults]
    found.append(profile_file._model_of_the_stack())
    found += [registry.driver(point.name).Options for point in drivers]
    seen: set[type[BaseModel]] = set()
    while found:
        model = found.pop()
        if model not in seen:
            seen.add(model)
            found += [part for field in model.model_fields.values() for part in _parts(field.annotation)]
            yield model


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)


def _takes_a_fraction(annotation: Any) -> bool:
    return annotation is float or any(_takes_a_fraction(inner) for inner in get_args(annotation))


FRACTIONS = sorted(
    {
        (f"{model.__name__}.{name}", model)
        for model in _models()
        for name, field in model.model_fields.items()
        if _takes_a_fraction(field.annotation)
    },
    key=lambda each: (each[0], each[1].__module__),
)


def _why_not(model: type[BaseModel], name: str, value: object) -> list[str]:
    key = model.model_fields[name].alias or name
    try:
        yamlfile.written(model, {key: value})
    except ValidationError as error:
        return [each["msg"] for each in error.errors() if each["loc"][:1] == (key,)]
    return []


@pytest.mark.parametrize(("field", "model"), [each for each in FRACTIONS if each[0] not in UNITLESS], ids=str)
def test_no_file_takes_a_time_or_a_ratio_without_its_unit(field: str, model: type[BaseModel]) -> None:
    name = field.partition(".")[2]
    wrong = [0.5] if name == "percentile" else [7.5, {"x": 7.5}]  # `assumed` names its times
    said = " ".join(message for value in wrong for message in _why_not(model, name, value))
    assert "needs a unit" in said or "must be a percentage" in said or "did you mean 50?" in said


def test_every_field_without_a_unit_exists() -> None:
    assert {field for field, _ in FRACTIONS} > UNITLESS


def test_no_file_takes_a_size_without_its_unit() -> None:
    sizes = [
        (model, name)
        for model in _models()
        for name, field in model.model_fields.items()
        if get_args(Size)[1] in field.metadata
    ]
    assert len(sizes) > 10
    for model, name in sizes:
        assert any("needs a unit: 7MB or 7B?" in each for each in _why_not(model, name, 7)), (model, name)
