"""A bad experiment: one line naming file, line, place, rule and value; exit 2; nothing touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_files import GOOD, refused

pytestmark = pytest.mark.usefixtures("own_place")

BAD_EXPERIMENTS = {
    "unknown fault": ("fault: idle_drop", "fault: idel_drop", 9, "unknown fault 'idel_drop'"),
    "negative time": ("at: 1s", "at: -1s", 9, "got '-1s'"),
    "negative hold": ("hold: 300ms", "hold: -5", 9, "step 'drop': hold"),
    "wrong unit": ("hold: 300ms", "hold: 3 fortnights", 9, "got '3 fortnights'"),
    "a time without its unit": (
        "hold: 300ms",
        "hold: 300",
        9,
        "hold: needs a unit: 300ms or 300s? (got 300)",
    ),
    "a start without its unit": ("at: 1s", "at: 9", 9, "at: needs a unit: 9ms or 9s? (got 9)"),
    "a time in quotes without its unit": ("hold: 300ms", 'hold: "300"', 9, "needs a unit: 300ms or 300s?"),
    "a time of the wall clock": ("hold: 300ms", "hold: 1:30", 9, "did you mean 1m30s? (got '1:30')"),
    "a date for a time": ("at: 1s", "at: 2026-11-01", 9, "must be a time such as"),
    "a size without its unit": (
        "fault: idle_drop, at: 1s, hold: 300ms",
        "fault: logrotate, at: 1s, hold: 1s, with: {grown: 400}",
        9,
        "grown: needs a unit: 400MB or 400B? (got 400)",
    ),
    "a threshold without its unit": (
        "availability: 99%}",
        "latency: {percentile: 99, below: 1000}}",
        11,
        "below: needs a unit: 1000ms or 1000s? (got 1000)",
    ),
    "a percentile as a ratio": (
        "availability: 99%}",
        "latency: {percentile: 0.99, below: 1s}}",
        11,
        "percentile: is the 0.99th percentile; did you mean 99? (got 0.99)",
    ),
    "a ratio that was doubly divided": (
        "availability: 99%}",
        "availability: 0.99%}",
        11,
        "is less than 1%; did you mean 99%? (got '0.99%')",
    ),
    "a percentage without its sign": (
        "availability: 99%}",
        "availability: 99}",
        11,
        "did you mean 99%? (got 99)",
    ),
    "unknown parameter": ("hold: 300ms", "hold: 1s, with: {min_close: 1}", 9, "min_close"),
    "parameter of a wrong type": ("hold: 300ms", "hold: 1s, with: {min_closed: many}", 9, "got 'many'"),
    "both at and after": ("at: 1s", "at: 1s, after: drop", 9, "either `at` a time or `after`"),
    "after a step that is none": ("at: 1s", "after: dorp", 9, "'dorp'"),
    "starts when the play is over": ("at: 1s", "at: 31s", 9, "the play ends at 30 s"),
    "a limit the play cannot break": ("recovery: 5s", "recovery: 25s", 12, "cannot be broken by this play"),
    "a limit that too few hits could break": (
        "for: 30s, rate: 10}",
        "for: 30s, rate: 0.1}",
        12,
        "recovery: cannot be broken by this play: 2.9 hits are due from its first step on",
    ),
    "a limit longer than what follows the fault": (
        "fault: idle_drop, at: 1s, hold: 300ms}",
        "fault: pause, at: 1s, hold: 26s, with: {target: api}}",
        12,
        "5 s cannot be broken by this play: from its first step on, the longest stretch without a step is 3 s",
    ),
    "an outage that nothing is below": (
        "limits: {",
        "outage: {below: 0%}\nlimits: {",
        12,
        "below: must be greater than 0%, got '0%'",
    ),
    "a baseline that nothing misses": (
        "baseline: {for: 2s, rate: 10}",
        "baseline: {for: 2s, rate: 10, availability: 0%}",
        6,
        "load: baseline: availability: must be greater than 0%",
    ),
    "an abort that nothing fires": (
        "limits: {",
        "abort: [{name: late, latency: {percentile: 99, below: 2s}}]\nlimits: {",
        12,
        "abort 'late': latency: below: 2 s is not below the timeout",
    ),
    "unknown key": ("limits:", "limit:", 12, "unknown key"),
    "missing key": ("title: A sound one\n", "", 1, "title: is required"),
    "ratio out of range": ("availability: 99%", "availability: 990%", 11, "got '990%'"),
    "unknown route": ("read: 1", "raed: 1", 5, "no such route"),
    "a window longer than the play": (
        "availability: 99%}",
        "availability: 99%, window: 1m}",
        11,
        "slo 'availability': window: 1m is longer than the play, 30 s",
    ),
    "rate out of bounds": ("rate: 10}]", "rate: 100000}]", 7, "got 100000"),
    "a secret": ("title: A sound one", "password: hunter2", 2, "must not be a secret"),
    "a secret that is a number": ("title: A sound one", "password: 1234", 2, "must not be a secret"),
    "a secret in a list": ("title: A sound one", "api_keys: [abc]", 2, "must not be a secret"),
    "a secret said to be elsewhere": ("title: A sound one", "token: env:T", 2, "must not be a secret"),
    "a secret in an address": ("title: A sound one", "title: http://:pw@db", 2, "must not be a secret"),
    "a secret in a query": ("title: A sound one", 'title: "/x?api_key=ab"', 2, "must not be a secret"),
    "an endless phase": ("for: 30s", "for: .inf", 7, "must be a finite time, got inf"),
    "an endless hold in words": ("hold: 300ms", "hold: inf", 9, "must be a finite time, got 'inf'"),
    "a time that is no number": ("timeout: 2s", "timeout: .nan", 4, "must be a finite time, got nan"),
    "a time of too many digits": ("at: 1s", f"at: {'9' * 400}", 9, "must be a finite time"),
    "an infinite weight": ("read: 1", "read: .inf", 5, "finite number, got inf"),
    "a rate that is no number": ("rate: 10}]", "rate: .nan}]", 7, "got nan"),
    "more requests than one run may send": ("for: 30s, rate: 10", "for: 1000h, rate: 2000", 7, "7200000020"),
    "a burst on another host": (
        "fault: idle_drop, at: 1s, hold: 300ms",
        'fault: reconnect_storm, at: 1s, hold: 1s, with: {burst_path: "@127.0.0.1:18001/evil"}',
        9,
        "burst_path: must begin with /, got '@127.0.0.1:18001/evil'",
    ),
    "a crowd smaller than its floor": (
        "fault: idle_drop, at: 1s, hold: 300ms",
        "fault: reconnect_storm, at: 1s, hold: 1s, with: {clients: 50}",
        9,
        "min_attempted: cannot be reached by 50 clients",
    ),
    "runs that are never together for long enough": (
        "fault: idle_drop, at: 1s, hold: 300ms",
        "fault: overlap, at: 1s, hold: 5s, with: {runs: 3, apart: 2s, min_together: 2s}",
        9,
        "min_together: cannot be reached: a hold of 5 s allows 1 s at most, got '2s'",
    ),
    "blocks of nothing": (
        "fault: idle_drop, at: 1s, hold: 300ms",
        "fault: logrotate, at: 1s, hold: 1s, with: {block: 0}",
        9,
        "block: must be greater than 0, got 0",
    ),
    "a rate that is a boolean": ("rate: 10}]", "rate: true}]", 7, "rate: must be a number, got true"),
    "a weight that is a boolean": ("read: 1", "read: true", 5, "read: must be a number, got true"),
    "a limit that is a boolean": ("lost_writes: 0", "lost_writes: true", 12, "must be a number, got true"),
    "a rate too large for a number": ("rate: 10}]", "rate: 1e309}]", 7, "must be a finite number, got inf"),
    "a load without a route": ("mix: {read: 1, write: 1}", "mix: {}", 5, "mix: "),
    "a step after itself": ("at: 1s", "after: drop", 9, "is after 'drop', which is not an earlier step"),
    "a negative size": (
        "fault: idle_drop, at: 1s, hold: 300ms",
        "fault: logrotate, at: 1s, hold: 1s, with: {grown: -5}",
        9,
        "grown: must not be negative, got -5",
    ),
    "more lost writes than there are": (
        "lost_writes: 0",
        "lost_writes: 100000",
        12,
        "lost_writes: 100000 cannot be broken by this play",
    ),
    "steps that are no list": ("  - {name: drop, fault: idle_drop, at: 1s, hold: 300ms}", "  5", 8, "got 5"),
}


@pytest.mark.parametrize("case", BAD_EXPERIMENTS)
def test_a_bad_experiment_is_refused_by_run_in_one_line(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, line, words = BAD_EXPERIMENTS[case]
    assert old in GOOD
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace(old, new))
    refused(capsys, path, line, words, "run", str(path))


def test_a_fault_whose_handle_the_target_lacks_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chaos.targets.embedded import EmbeddedDriver

    least = frozenset({"base_url", "addresses.metrics"})
    monkeypatch.setattr(EmbeddedDriver, "offers", classmethod(lambda _cls, _target: least))
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD)
    refused(capsys, path, 9, "idle_drop needs the handle 'proxies.database'", "run", str(path))
