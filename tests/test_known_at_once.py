"""All that can be known of a file with mistakes is said at once, and nothing that only follows from one of them."""

from __future__ import annotations

import random
import re
from itertools import combinations
from pathlib import Path

import pytest

from tests.bad_files import GOOD
from tests.test_mistakes import ONE, messages
from tests.typed import typed

NIGHT = """\
name: night
title: A night
load:
  timeout: 2s
  mix: {read: 1, write: 1}
  baseline: {for: 2s, rate: 10}
  phases: [{name: wake, for: 30s, rate: 10}]
steps:
  - {name: drop, fault: idle_drop, hold: 5 minutes}
  - {name: late, fault: idle_drop, after: nothing, at: 50s, hold: 1s}
slos:
  - {name: a, availability: 99}
  - {name: b, latency: {percentile: 0.9, below: 1s}, availability: 99%, route: nope}
limits: {rto: 3s}
"""
NIGHT_LINES = [
    "9: step 'drop': a step starts either `at` a time or `after` another step",
    "9: step 'drop': hold: must be a time such as 90s",
    "10: step 'late': a step starts either `at` a time or `after` another step",
    "10: step 'late': after: is after 'nothing', which is not an earlier step; known: drop",
    "10: step 'late': at: starts at 50 s, but the play ends at 30 s",
    "12: slo 'a': availability: must be a percentage",
    "13: slo 'b': an SLO has exactly one of",
    "13: slo 'b': latency: percentile: is the 0.9th percentile",
    "13: slo 'b': route: 'nope' is not a route of the mix; known: read, write",
    "14: limits: rto: is only for drills",
]
TARGET = """\
name: shop
driver: attach
ready: healthz
options: {base_url: "ftp://127.0.0.1", proxies: 3}
routes:
  items: {path: items, method: get, json: {a: 1}, body: x}
  add: {path: /items, json: {a: 1}, expect: {status: 999}}
"""
TARGET_LINES = [
    "3: ready: must begin with /",
    "4: options: base_url: must be http://",
    "4: options: proxies: must be keys with values",
    "6: routes: items: body: a request has one body",
    "6: routes: items: method: must be GET",
    "6: routes: items: path: must begin with /",
    "7: routes: add: expect: status: must be at most 599",
    "7: routes: add: json: a request with a body needs its `method`",
]
SCHEDULES = """\
schedules:
  - {name: a, experiment: smoke, when: "61 * * * *", timezone: Mars, jitter: -1s}
  - {name: a, experiment: smoke, when: "@daily", on_fail: {notify: [x]}}
"""
SCHEDULE_LINES = [
    "2: schedule 'a': jitter: must be at least 0 s",
    "2: schedule 'a': timezone: unknown time zone",
    "2: schedule 'a': when: invalid cron expression",
    "3: schedule 'a': name: duplicate schedule name 'a'",
    "3: schedule 'a': on_fail: notify[0]: no destination 'x'",
]


@pytest.fixture(autouse=True)
def _elsewhere(own_place: Path) -> None:
    assert own_place.is_dir()


def validated(text: str, path: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    path.write_text(text)
    code, _, said = typed(capsys, "validate", str(path))
    assert code == 2, said
    assert max(map(len, said.splitlines())) <= 300
    return messages(said, path)


@pytest.mark.parametrize(
    ("text", "lines"),
    [(NIGHT, NIGHT_LINES), (TARGET, TARGET_LINES), (SCHEDULES, SCHEDULE_LINES)],
    ids=["an experiment", "a target", "schedules"],
)
def test_one_value_s_mistakes_hide_neither_each_other_nor_the_rules_around_them(
    text: str, lines: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = sorted(validated(text, tmp_path / "bad.yaml", capsys), key=_by_line)
    assert [each[: len(line)] for each, line in zip(found, lines, strict=True)] == lines


def _by_line(message: str) -> tuple[int, str]:
    line, _, said = message.partition(": ")
    return int(line), said


def test_a_rule_of_the_target_is_known_beside_a_mistake_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = GOOD.replace("read: 1", "raed: 1").replace("for: 30s", "for: 30 sec")
    found = validated(text, tmp_path / "bad.yaml", capsys)
    assert [each.partition(": got")[0][:60] for each in found] == [
        "5: load: mix: raed: target 'embedded' has no such route; did",
        "7: load: phase 'wake': for: must be a time such as 90s, 500m",
    ]


def test_what_depends_on_the_value_in_the_mistake_s_place_is_not_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = GOOD.replace("name: drop,", "name: Drop,").replace("limits: {", "abort: [{slo: x}]\nlimits: {")
    after = text.replace("slos:", "  - {name: x, fault: pause, after: drop, hold: 1s}\nslos:")
    found = [each.partition(": ")[0] for each in validated(after, tmp_path / "bad.yaml", capsys)]
    assert found == ["9", "13"], "not that step x is after no step"
    gone = GOOD.replace(
        "slos:\n  - {name: availability, availability: 99%}", "slos: 3\nabort: [{slo: availability}]"
    )
    assert len(validated(gone, tmp_path / "gone.yaml", capsys)) == 1


_SPELT = {key: rule for key, rule in ONE.items() if not re.match(r"\d+: [^:]*$", rule)}
"""Mistakes at a place of the file: of a text that is no YAML, only the first is known."""


def test_of_two_mistakes_nothing_is_said_that_neither_makes_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [
        (one, other) for one, other in combinations(_SPELT, 2)
        if GOOD.replace(one[1], one[2], 1).replace(other[1], other[2], 1).count(one[2])
    ]  # fmt: skip
    for one, other in random.Random(7).sample(pairs, 60):
        text = GOOD.replace(one[1], one[2], 1)
        if other[1] not in text:
            continue
        found = validated(text.replace(other[1], other[2], 1), tmp_path / "bad.yaml", capsys)
        alone = {_said(ONE[one]), _said(ONE[other])}
        assert {_said(each) for each in found} <= alone, (one, other, found)


def _said(message: str) -> str:
    return message.partition(": ")[2]
