"""Knobs of several owners apply together, one lifted leaves the others, and a garbled one stops nothing."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.host.disk import knobs
from chaos.host.disk.knobs import LONGEST_DELAY, Knob
from chaos.host.disk.model import Behaviour, Error, Failing, Kind

WRITES_FAIL = {"error": "EIO", "share": 0.5, "kinds": ["write"], "only": [[0, 4096]], "at_most": 3}


def test_without_knobs_a_disk_is_sound(tmp_path: Path) -> None:
    assert knobs.read(tmp_path) == Behaviour()


def test_the_lowest_limit_the_longest_delays_every_error_and_the_latest_stall_apply(tmp_path: Path) -> None:
    for owner, limit, delays, until in (
        ("driver", 30e6, {"read": 1.0, "flush": 0.1}, 7.5),
        ("run/step", 2e6, {"flush": 0.4}, 99.0),
    ):
        knobs.turn(tmp_path, Knob.LIMIT, owner, limit)
        knobs.turn(tmp_path, Knob.DELAY, owner, delays)
        knobs.turn(tmp_path, Knob.ERROR, owner, WRITES_FAIL)
        knobs.turn(tmp_path, Knob.STALL, owner, {"until": until})
    failing = Failing("driver", Error.EIO, 0.5, frozenset({Kind.WRITE}), ((0, 4096),), 3)
    assert knobs.read(tmp_path) == Behaviour(
        limit=2e6,
        delay={Kind.READ: 1.0, Kind.FLUSH: 0.4},
        failing=(failing, Failing("run-step", *(getattr(failing, name) for name in SAME))),
        stalled_until=99.0,
    )


NAMES = ("error", "share", "kinds", "only", "at_most", "until", "read", "write", "flush")
SAME = ("error", "share", "kinds", "only", "at_most")


def test_a_knob_that_is_lifted_leaves_those_of_others(tmp_path: Path) -> None:
    knobs.turn(tmp_path, Knob.LIMIT, "driver", 30e6)
    knobs.turn(tmp_path, Knob.LIMIT, "run/step", 2e6)
    assert knobs.lift(tmp_path, Knob.LIMIT, "run/step")
    assert knobs.read(tmp_path).limit == 30e6
    assert not knobs.lift(tmp_path, Knob.LIMIT, "run/step"), "it is gone already"
    assert knobs.read(tmp_path).limit == 30e6


def test_what_a_killed_turn_has_left_half_way_is_lifted_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killing, pytest.raises(KeyboardInterrupt):
        killing.setattr(Path, "replace", killed)
        knobs.turn(tmp_path, Knob.LIMIT, "run/step", 2e6)
    assert len(list(tmp_path.iterdir())) == 1
    assert not knobs.lift(tmp_path, Knob.LIMIT, "run/step"), "it was not set"
    assert list(tmp_path.iterdir()) == []


def test_a_limit_of_zero_is_no_limit_and_does_not_lift_anothers(tmp_path: Path) -> None:
    knobs.turn(tmp_path, Knob.LIMIT, "driver", 0)
    assert knobs.read(tmp_path).limit == 0
    knobs.turn(tmp_path, Knob.LIMIT, "step", 2e6)
    assert knobs.read(tmp_path).limit == 2e6


def test_all_knobs_are_lifted_with_drafts_that_a_killed_owner_left(tmp_path: Path) -> None:
    for knob, value in ((Knob.LIMIT, 1), (Knob.STALL, {"until": 1e9}), (Knob.ERROR, WRITES_FAIL)):
        knobs.turn(tmp_path, knob, "step", value)
    (tmp_path / ".delay.step").write_text('{"read": ')
    knobs.lift_all(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_delay_has_an_end(tmp_path: Path) -> None:
    knobs.turn(tmp_path, Knob.DELAY, "step", {"write": 1e6})
    assert knobs.read(tmp_path).delay == {Kind.WRITE: LONGEST_DELAY}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("limit.step", ""),
        ("limit.step", '"fast"'),
        ("limit.step", "-1"),
        ("limit.step", "NaN"),
        ("limit.step", "1e999"),
        ("limit.step", "true"),
        ("limit.step", "[1]"),
        ("limit.step", '{"write": 1}'),
        ("limit.step", "1" + "0" * 400),
        ("delay.step", "0.5"),
        ("delay.step", '{"read": null}'),
        ("delay.step", '{"read": Infinity}'),
        ("stall.step", "12"),
        ("stall.step", '{"until": "tomorrow"}'),
        ("stall.step", '{"until": Infinity}'),
        ("error.step", "{}"),
        ("error.step", '{"error": "EPERM", "share": 1, "kinds": ["write"]}'),
        ("error.step", '{"error": "EIO", "share": "all", "kinds": ["write"]}'),
        ("error.step", '{"error": "EIO", "share": 1, "kinds": ["write"], "only": [1]}'),
        ("speed.step", "1"),
        ("limit", "1"),
        (".limit.step", "1"),
    ],
)
def test_a_garbled_knob_is_ignored_and_the_others_apply(tmp_path: Path, name: str, text: str) -> None:
    knobs.turn(tmp_path, Knob.LIMIT, "driver", 30e6)
    (tmp_path / name).write_text(text)
    assert knobs.read(tmp_path) == Behaviour(limit=30e6)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("knobs")


@given(st.sampled_from(Knob), json_values)
def test_no_value_of_a_knob_stops_the_disk(many: Path, knob: Knob, value: object) -> None:
    knobs.lift_all(many)
    knobs.turn(many, knob, "step", value)
    found = knobs.read(many)
    numbers = [
        found.limit,
        found.stalled_until,
        *found.delay.values(),
        *(each.share for each in found.failing),
    ]
    assert all(0 <= number < math.inf for number in numbers)
