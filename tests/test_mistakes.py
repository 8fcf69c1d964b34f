"""Every mistake of a file is named at once: its line, its place, the rule in midnight's words, and what to type."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.spec import wording
from tests.bad_files import GOOD
from tests.typed import typed

NOT_A_TIME = "must be a time such as 90s, 500ms or 1m30s (units d, h, m, s, ms, in this order)"
INDENTED = "is indented differently from the keys above it"
NOT_BELOW = "an entry (-) that is not below the one before it: check the indentation"
A_LIST = "must be a list ([a, b] or lines that begin with -), not keys with values"
PHASE, DROP, SLO = "load: phase 'wake'", "step 'drop'", "slo 'availability'"

ONE = {
    # misspelt and foreign keys
    ("min_closed", "hold: 300ms", "hold: 300ms, with: {min_close: 1}"): (
        f"9: {DROP}: with: min_close: unknown key; did you mean `min_closed`?"
    ),
    ("for", "for: 30s, rate", "duration: 30s, rate"): f"7: {PHASE}: duration: unknown key; did you mean `for`?",
    ("rate", "rate: 10}]", "rps: 10}]"): f"7: {PHASE}: rps: unknown key; did you mean `rate`?",
    ("slos", "slos:", "objectives:"): "10: objectives: unknown key; did you mean `slos`?",
    ("at", "at: 1s", "start: 1s"): f"9: {DROP}: start: unknown key; did you mean `at`?",
    ("fault", "fault: idle", "type: idle"): f"9: {DROP}: type: unknown key; did you mean `fault`?",
    ("with", "hold: 300ms", "hold: 300ms, params: {}"): f"9: {DROP}: params: unknown key; did you mean `with`?",
    ("camel case", "lost_writes", "lostWrites"): "12: limits: lostWrites: unknown key; did you mean `lost_writes`?",
    ("a capital", "limits:", "Limits:"): "12: Limits: unknown key; did you mean `limits`?",
    ("beside with", "hold: 300ms", "hold: 300ms, by: server"): (
        f"9: {DROP}: by: unknown key; a parameter belongs under `with`"
    ),
    ("elsewhere", "slos:", "timeout: 2s\nslos:"): "10: timeout: unknown key; it belongs under `load`",
    ("an old name", "limits:", "promise: {rto: 1m}\nlimits:"): "12: promise: is now called budget",
    ("p99", "availability: 99%}", "p99: 500ms}"): (
        f"11: {SLO}: p99: unknown key; write latency: {{percentile: 99, below: TIME}}"
    ),
    ("no key", "limits:", "zzz:"): (
        "12: zzz: unknown key; known: name, title, load, steps, slos, abort, after_abort, limits, budget, outage,"
        " instrument, drill, invariants, alerts, if_missing"
    ),
    ("a key that is true", "limits:", "true: 1\nlimits:"): "1: has a key that is not text: put it in quotes",
    ("an impossible key", "limits:", '"\\ud800": 1\nlimits:'): (
        "1: holds a character that is not valid in text: remove it"
    ),
    # values
    ("an instant", "hold: 300ms", "hold: 2026-11-27T10:00:00Z"): (
        f"9: {DROP}: hold: {NOT_A_TIME}, got 2026-11-27T10:00:00"
    ),
    ("a tag", "title: A sound one", "title: !secret a"): (
        "2: title: begins with ! or =, which YAML reserves: put it in quotes"
    ),
    ("an equals sign", "title: A sound one", "title: ="): (
        "2: title: begins with ! or =, which YAML reserves: put it in quotes"
    ),
    ("beyond all numbers", "rate: 10}\n", "rate: 1e400}\n"): (
        "6: load: baseline: rate: must be a finite number, got inf"
    ),
    ("thousands of digits", "title: A sound one", f"title: {'9' * 5000}"): "2: holds a number with too many digits",
    # structure
    ("a tab", "  timeout: 2s", "\ttimeout: 2s"): "4: a tab: use spaces",
    ("too far right", "  timeout: 2s", "  timeout: 2s\n    mix: {}"): f"5: {INDENTED}",
    ("too far left", "  baseline:", " baseline:"): f"6: {INDENTED}",
    ("an entry too far right", "limits:", "abort:\n  - {}\n   - {}\nlimits:"): f"14: {NOT_BELOW}",
    ("no colon", "  timeout: 2s", "  timeout 2s"): "4: a colon is missing (key: value)",
    ("no colon above", "title: A", "title A"): "2: a colon is missing (key: value)",
    ("no colon in braces", "hold: 300ms", "hold 300ms"): (
        f"9: {DROP}: hold 300ms: a colon is missing: write `hold: 300ms`"
    ),
    ("no space", "  timeout: 2s", "  timeout:2s"): "4: a space is missing after the colon (key: value)",
    ("no space in braces", "hold: 300ms", "hold:300ms"): (
        f"9: {DROP}: hold:300ms: a space is missing: write `hold: 300ms`"
    ),
    ("two colons", "title: A", "title: A: a"): "2: a second colon in one line: put the value in quotes",
    ("no comma", "at: 1s, hold", "at: 1s hold"): "9: a comma is missing, or the closing }",
    ("an open brace", "write: 1}", "write: 1"): "5: the closing } is missing",
    ("an open quote", "title: A", "title: 'A"): "2: a quote is not closed",
    ("a star", "title: A", "title: * A"): "2: a value begins with * or &: put the value in quotes",
    ("an @", "title: A", "title: @A"): (
        "2: a value begins with a character that YAML reserves: put the value in quotes"
    ),
    ("no dash", "  - {name: avail", "  {name: avail"): f"10: slos: {A_LIST}",
    ("a template", "title: A sound one", "title: {{ title }}"): (
        "2: title: has a key that is not text: put it in quotes"
    ),
    # units and types
    ("another unit", "hold: 300ms", "hold: 5 minutes"): f"9: {DROP}: hold: {NOT_A_TIME}, got '5 minutes'",
    ("no unit", "hold: 300ms", "hold: 300"): f"9: {DROP}: hold: needs a unit: 300ms or 300s? (got 300)",
    ("no percent", "availability: 99%", "availability: 99"): (
        f"11: {SLO}: availability: must be a percentage such as 99.5% or a number from 0 to 1; did you mean 99%?"
        " (got 99)"
    ),
    ("nothing", "timeout: 2s", "timeout:"): f"4: load: timeout: is empty: {NOT_A_TIME}",
    ("text for a number", "rate: 10}]", "rate: ten}]"): f"7: {PHASE}: rate: must be a number, got 'ten'",
    ("a number for text", "title: A sound one", "title: 2026"): (
        '2: title: must be text: put it in quotes ("..."), got 2026'
    ),
    ("a list for a mapping", "{read: 1, write: 1}", "[read, write]"): (
        "5: load: mix: must be keys with values (key: value), not a list"
    ),
    ("a mapping for a list", "[{name: wake, for: 30s, rate: 10}]", "{name: wake}"): f"7: load: phases: {A_LIST}",
    ("a word for a boolean", "hold: 300ms", "hold: 300ms, optional: maybe"): (
        f"9: {DROP}: optional: must be true or false, got 'maybe'"
    ),
    ("a misspelt word", "hold: 300ms", "hold: 300ms, with: {by: proxi}"): (
        f"9: {DROP}: with: by: must be proxy, server, black_hole or reset; did you mean proxy? (got 'proxi')"
    ),
    ("too much", "rate: 10}]", "rate: 10000}]"): f"7: {PHASE}: rate: must be at most 2000, got 10000",
    ("too much of a time", "fault: idle_drop", "fault: latency, with: {delay: 2m}"): (
        f"9: {DROP}: with: delay: must be at most 1m, got '2m'"
    ),
    ("a negative time", "hold: 300ms", "hold: -1s"): f"9: {DROP}: hold: must be greater than 0 s, got '-1s'",
    # names
    ("a key twice", "title: A sound one", "title: A\ntitle: B"): "3: duplicate key 'title'",
    ("a name twice", "slos:", "  - {name: drop, fault: idle_drop, at: 5s, hold: 1s}\nslos:"): (
        f"10: {DROP}: name: duplicate step name 'drop'"
    ),
    ("no such fault", "fault: idle_drop", "fault: idel_drop"): (
        f"9: {DROP}: fault: unknown fault 'idel_drop'; did you mean idle_drop?"
    ),
    ("no such route", "{read: 1", "{raed: 1"): (
        "5: load: mix: raed: target 'embedded' has no such route; did you mean read?"
    ),
    ("a route of another service", "{read: 1", "{xyz: 1"): (
        "5: load: mix: xyz: target 'embedded' has no such route; known: read, write, usage, complete, outbound"
    ),
    ("no name", "name: good", "name: Good Night"): (
        "1: name: must be a name: a lower-case letter, then lower-case letters, digits, _ and -, got 'Good Night'"
    ),
    ("what is missing", "name: wake, for: 30s", "name: wake"): f"7: {PHASE}: for: is required",
    # rules that span several keys
    ("no start", "at: 1s, ", ""): f"9: {DROP}: a step starts either `at` a time or `after` another step",
    ("a floor above the hold", "hold: 300ms", "hold: 300ms, with: {by: server, after_idle: 1s}"): (
        f"9: {DROP}: with: after_idle: cannot be reached: a hold of 300 ms allows 300 ms at most, got '1s'"
    ),
    ("a dose above the hold", "fault: idle_drop, at: 1s", "fault: latency, with: {delay: 1s}, at: 1s"): (
        f"9: {DROP}: with: delay: cannot be reached: a hold of 300 ms allows 300 ms at most, got '1s'"
    ),
}  # fmt: skip

MANY = """\
name: My Night
title: 5
load:
  timeout: 2
  mix: {read: 1, write: lots}
  phases:
    - {name: wake, duration: 30s, rate: 10}
    - {name: wake, for: 30 sec, rate: 10000}
baseline: {for: 2s, rate: 10}
steps:
  - {name: drop, fault: idle_drop, at: 1s, hold: 300ms, with: {min_close: 1, by: proxi}}
  - {name: freeze, fault: idle_dorp, target: api, at: 3s, hold: 5s}
objectives: []
limits: {recovery: 5s, lost_write: 0}
"""
MANY_LINES = [1, 2, 3, 4, 5, 7, 8, 8, 9, 11, 11, 12, 12, 13, 14]
NTH_SLO = "  - {{name: s{}, availability: 99%}}\n"
LATE = """\
  - {name: late, fault: latency, at: 40s, hold: 1s}
  - {name: x, fault: pause, after: y, hold: 1s}
"""
CROSSED = {
    "slos:": LATE + "slos:",
    "availability: 99%": "availability: 99%, route: raed, step: dorp, window: 5m",
    "recovery: 5s": "recovery: 5s, rto: 3s",
    "lost_writes: 0}": "lost_writes: 0}\nabort: [{slo: x}]",
}
CROSSED_LINES = [10, 11, 13, 13, 13, 14, 15]
MISFITS = {
    "read: 1, write": "raed: 1, write",
    "fault: idle_drop, at: 1s, hold: 300ms": "fault: pause, at: 1s, hold: 26s, with: {target: ghost}",
    "lost_writes: 0}": "lost_writes: 9000}\nabort: [{check: y}]",
}
MISFIT_LINES = [5, 9, 12, 12, 13]


def messages(said: str, path: Path) -> list[str]:
    start = f"midnight: {path}:"
    assert all(line.startswith(start) for line in said.splitlines()), said
    return [line.removeprefix(start) for line in said.splitlines()]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.parametrize("case", ONE, ids=[name for name, *_ in ONE])
def test_one_mistake_is_one_line_that_says_what_to_type(
    case: tuple[str, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, old, new = case
    assert old in GOOD
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    code, _, said = typed(capsys, "validate", str(path))
    assert (code, messages(said, path)) == (2, [ONE[case]])


@pytest.mark.parametrize("command", ["validate", "run"])
def test_all_mistakes_are_listed_at_once_by_their_lines(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(MANY)
    code, _, said = typed(capsys, command, str(path))
    assert (code, [int(each.partition(":")[0]) for each in messages(said, path)]) == (2, MANY_LINES), said
    assert not (tmp_path / "reports").exists() and not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("changes", "lines"),
    [(CROSSED, CROSSED_LINES), (MISFITS, MISFIT_LINES)],
    ids=["in the file", "with the target"],
)
def test_rules_that_span_several_keys_are_listed_at_once_too(
    changes: dict[str, str], lines: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = GOOD
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    code, _, said = typed(capsys, "validate", str(path))
    assert (code, [int(each.partition(":")[0]) for each in messages(said, path)]) == (2, lines), said


def test_a_target_its_options_and_its_profiles_are_named_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "target.yaml"
    path.write_text("name: x\ndriver: embedded\nroute: {}\noptions: {disk_wriet: 1, documents: none}\n")
    code, _, said = typed(capsys, "validate", str(path))
    assert (code, messages(said, path)) == (
        2,
        [
            "3: route: unknown key; did you mean `routes`?",
            "4: options: documents: must be a whole number, got 'none'",
            "4: options: disk_wriet: unknown key; did you mean `disk_write`?",
        ],
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("limits:", f"{'k' * 100_000}: 1\nlimits:"),
        ("title: A sound one", f"title: [{'v' * 100_000}]"),
        ("at: 1s", f"at: {'v' * 100_000}"),
        ("at: 1s", f"after: {'v' * 60}"),
        ("name: drop", f"name: {'n' * 10_000}, {'k' * 9_000}: 1"),
        ("limits:", '"k\\n\\u001b[31m\\u2028": 1\nlimits:'),
        ("limits:", "\n".join(f"k{number}: 1" for number in range(1000)) + "\nlimits:"),
        ("slos:", "abort: [{slo: x}]\nslos:\n" + "".join(map(NTH_SLO.format, range(99)))),
    ],
    ids=["a key", "a list", "a value", "a name", "an entry's name", "control characters", "keys", "known names"],
)  # fmt: skip
def test_no_line_is_longer_than_300_characters_whatever_the_file_holds(
    old: str, new: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text(GOOD.replace(old, new, 1))
    code, _, said = typed(capsys, "validate", "bad.yaml")
    lines = said.removesuffix("\n").split("\n")
    assert code == 2 and 1 <= len(lines) <= wording.MOST + 1
    assert max(map(len, lines)) <= 300 and all(map(str.isprintable, lines)), lines
    assert all(line.startswith("midnight: bad.yaml:") for line in lines), lines


@pytest.mark.parametrize("text", ["password:hunter2", "password hunter2", "api_key:hunter2"])
def test_a_secret_that_lost_its_colon_is_not_shown(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace("hold: 300ms", f"hold: 300ms, {text}"))
    code, _, said = typed(capsys, "validate", str(path))
    assert (code, messages(said, path)) == (2, [f"9: {DROP}: must not be a secret in plain text"])
