"""Rounds that cannot show what they are for: one line naming file, line, place, rule and value; nothing touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_files import accepted, refused

pytestmark = pytest.mark.usefixtures("own_place")

GOOD = """\
name: leaky
title: A sound one
load:
  timeout: 2s
  mix: {read: 1, write: 1}
  baseline: {for: 2s, rate: 10}
  rounds: {requests: 50, idle: 2s}
limits: {leaks: {descriptors: 0}}
"""

BAD = {
    "rounds and phases": (
        "  rounds:",
        "  phases: [{name: a, for: 9s, rate: 9}]\n  rounds:",
        8,
        "either `phases` or",
    ),
    "neither": ("  rounds: {requests: 50, idle: 2s}\n", "", 3, "a load has `phases` or `rounds`"),
    "weights": (
        "write: 1}",
        "write: 2}",
        5,
        "in rounds each route gets the same requests: give each the weight 1",
    ),
    "steps": (
        "limits:",
        "steps: [{name: d, fault: idle_drop, at: 1s, hold: 1s}]\nlimits:",
        8,
        "rounds are played without steps: a fault would move what they read",
    ),
    "too few rounds": ("requests: 50", "requests: 50, count: 2", 7, "count: must be at least 3, got 2"),
    "an idle time as short as that of connections": (
        "idle: 2s",
        "idle: 1s",
        7,
        "idle: must be at least 1.5 s, got '1s'",
    ),
    "a limit that so few requests cannot break": (
        "descriptors: 0}",
        "descriptors: 0.001}",
        8,
        "leaks: descriptors: cannot be broken by this play: 50 requests may leave 0.001 each: "
        "set load.rounds.requests to 1000",
    ),
    "memory that so few requests cannot show": (
        "descriptors: 0}",
        "memory: 10B}",
        8,
        "memory: cannot be broken by this play: less than 4 MB is not distinguished from noise: "
        "set load.rounds.requests to",
    ),
    "a role that the target has not": (
        "requests: 50",
        "requests: 50, roles: [apy]",
        7,
        "roles[0]: target 'embedded' offers no process of this role; did you mean api?",
    ),
    "an unknown resource": ("descriptors: 0", "descriptor: 0", 8, "did you mean `descriptors`?"),
}


@pytest.mark.parametrize(("old", "new", "line", "words"), BAD.values(), ids=BAD)
def test_bad_rounds_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, line: int, words: str
) -> None:
    path = tmp_path / "leaky.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    refused(capsys, path, line, words, "run", str(path), "--dry-run")


def test_the_sound_one_is_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "leaky.yaml"
    path.write_text(GOOD)
    accepted(capsys, path)


def test_a_limit_for_leaks_needs_rounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "leaky.yaml"
    rounds = "  rounds: {requests: 50, idle: 2s}\n"
    path.write_text(GOOD.replace(rounds, "  phases: [{name: a, for: 9s, rate: 9}]\n"))
    words = "limits: leaks: is only for rounds: put `rounds` in place of load.phases"
    refused(capsys, path, 8, words, "run", str(path), "--dry-run")
