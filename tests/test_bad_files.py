"""A bad file: one line naming file, line, place, rule and value; exit 2; nothing touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos import cli
from tests.midnight import PROJECT

GOOD = """\
name: good
title: A sound one
load:
  timeout: 2s
  mix: {read: 1, write: 1}
  baseline: {for: 2s, rate: 10}
  phases: [{name: wake, for: 30s, rate: 10}]
steps:
  - {name: drop, fault: idle_drop, at: 1s, hold: 300ms}
slos:
  - {name: availability, availability: 99%}
limits: {recovery: 5s, lost_writes: 0}
"""

SOUND = {
    "a boolean of YAML 1.1": ("hold: 300ms", "hold: 300ms, optional: no"),
    "a name that is a boolean of YAML 1.1": ("name: good", "name: no"),
    "a number in quotes": ("rate: 10}]", 'rate: "10"}]'),
    "a number with a leading zero": ("rate: 10}]", "rate: 010}]"),
    "a time with a space": ("timeout: 2s", "timeout: 2 s"),
    "lines of Windows": ("\n", "\r\n"),
    "a byte order mark": ("name: good", "\ufeffname: good"),
    "a bare zero": ("at: 1s", "at: 0"),
}

TARGET = (PROJECT / "targets/embedded.yaml").read_text()

BAD_EXPERIMENTS = {
    "unknown fault": ("fault: idle_drop", "fault: idel_drop", 9, "unknown fault 'idel_drop'"),
    "negative time": ("at: 1s", "at: -1s", 9, "got '-1s'"),
    "negative hold": ("hold: 300ms", "hold: -5", 9, "step 'drop': hold"),
    "wrong unit": ("hold: 300ms", "hold: 3 fortnights", 9, "got '3 fortnights'"),
    "a time without its unit": ("hold: 300ms", "hold: 300", 9, "hold: needs a unit: 300ms or 300s?, got 300"),
    "a start without its unit": ("at: 1s", "at: 9", 9, "at: needs a unit: 9ms or 9s?, got 9"),
    "a time in quotes without its unit": ("hold: 300ms", 'hold: "300"', 9, "needs a unit: 300ms or 300s?"),
    "a time of the wall clock": ("hold: 300ms", "hold: 1:30", 9, "did you mean 1m30s?, got '1:30'"),
    "a date for a time": ("at: 1s", "at: 2026-11-01", 9, "must be a time such as"),
    "a size without its unit": (
        "fault: idle_drop, at: 1s, hold: 300ms",
        "fault: logrotate, at: 1s, hold: 1s, with: {grown: 400}",
        9,
        "grown: needs a unit: 400MB or 400B?, got 400",
    ),
    "a threshold without its unit": (
        "availability: 99%}",
        "latency: {percentile: 99, below: 1000}}",
        11,
        "below: needs a unit: 1000ms or 1000s?, got 1000",
    ),
    "a percentile as a ratio": (
        "availability: 99%}",
        "latency: {percentile: 0.99, below: 1s}}",
        11,
        "percentile: is the 0.99th percentile; did you mean 99?, got 0.99",
    ),
    "a ratio that was doubly divided": (
        "availability: 99%}",
        "availability: 0.99%}",
        11,
        "is less than 1%; did you mean 99%?, got '0.99%'",
    ),
    "a percentage without its sign": (
        "availability: 99%}",
        "availability: 99}",
        11,
        "did you mean 99%?, got 99",
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
        "below: should be greater",
    ),
    "a baseline that nothing misses": (
        "baseline: {for: 2s, rate: 10}",
        "baseline: {for: 2s, rate: 10, availability: 0%}",
        6,
        "load: baseline: availability: should be greater than 0",
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
        "slo 'availability': window: 60 s is longer than the play, 30 s",
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
        "burst_path: String should match pattern '^/', got '@127.0.0.1:18001/evil'",
    ),
    "a crowd smaller than its floor": (
        "fault: idle_drop, at: 1s, hold: 300ms",
        "fault: reconnect_storm, at: 1s, hold: 1s, with: {clients: 50}",
        9,
        "min_attempted: cannot be reached by 50 clients",
    ),
    "blocks of nothing": (
        "fault: idle_drop, at: 1s, hold: 300ms",
        "fault: logrotate, at: 1s, hold: 1s, with: {block: 0}",
        9,
        "block: should be greater than 0",
    ),
    "a rate that is a boolean": ("rate: 10}]", "rate: true}]", 7, "rate: must be a number, not true"),
    "a weight that is a boolean": ("read: 1", "read: true", 5, "read: must be a number, not true"),
    "a limit that is a boolean": ("lost_writes: 0", "lost_writes: true", 12, "must be a number, not true"),
    "a rate too large for a number": ("rate: 10}]", "rate: 1e309}]", 7, "should be a finite number, got inf"),
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


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(argv))
    assert isinstance(ended.value.code, int)
    return ended.value.code, capsys.readouterr().err


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def refused(capsys: pytest.CaptureFixture[str], path: Path, line: int | None, words: str, *argv: str) -> None:
    code, said = run(capsys, *argv)
    assert code == 2, said
    assert said.count("\n") == 1, said
    assert f"{path}:{line}: " in said if line else str(path) in said, said
    assert words in said
    assert not (path.parent / "reports").exists() and not (path.parent / "state").exists()


@pytest.mark.parametrize("case", BAD_EXPERIMENTS)
def test_a_bad_experiment_is_refused_by_run_in_one_line(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, line, words = BAD_EXPERIMENTS[case]
    assert old in GOOD
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace(old, new))
    refused(capsys, path, line, words, "run", str(path))


def test_aliases_that_expand_to_billions_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bomb.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    path.write_text("\n".join(lines))
    refused(capsys, path, None, "holds more than 100000 values", "validate", str(path))


def test_a_file_without_mistakes_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    assert run(capsys, "validate", str(path)) == (0, "")


@pytest.mark.parametrize("case", SOUND)
def test_an_unusual_but_unambiguous_spelling_is_valid(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = SOUND[case]
    path = tmp_path / "good.yaml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8", newline="")
    assert run(capsys, "validate", str(path)) == (0, "")


@pytest.mark.parametrize("until", ["20261231", "2026", "12.5"])
def test_a_consent_until_a_number_is_refused(
    until: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(TARGET + f"consent: {{owner: me, until: {until}}}\n")
    line = len(target.read_text().splitlines())
    refused(capsys, target, line, "until: must be a date such as 2026-12-31", "validate", str(target))


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a\n- list\n", 1, "must be a mapping"),
        ("", 1, "must be a mapping"),
        ("name: [unclosed\n", 2, "expected ',' or ']'"),
        (GOOD + "name: again\n", 13, "duplicate key"),
        ("&all\n" + GOOD + "more: *all\n", None, "contains itself"),
        (GOOD.replace("mix: {read: 1, write: 1}", "mix: " + "[" * 3000), None, "nested too deeply"),
        (GOOD.replace("at: 1s", "at: 2001-02-31"), None, "cannot be read"),
        (
            GOOD.replace("slos:", "  - {name: drop, fault: idle_drop, at: 2s, hold: 1s}\nslos:"),
            10,
            "duplicate",
        ),
    ],
    ids=[
        "a list",
        "nothing",
        "broken YAML",
        "a key twice",
        "itself in itself",
        "too deep",
        "no date",
        "a step twice",
    ],
)
def test_a_file_that_is_not_an_experiment_is_refused(
    text: str, line: int | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    refused(capsys, path, line, words, "run", str(path))


@pytest.mark.parametrize(
    ("new", "override", "line", "words"),
    [
        ("hold: 1s, with:", "drop.min_closed=1", 9, "with"),
        ("hold: 1s, with: []", "drop.min_closed=1", 9, "with"),
        ("hold: 1s", "drop.password=hunter2", 9, "must not be a secret"),
        ("hold: 1s", "drop.hold=300", 9, "hold: needs a unit: 300ms or 300s?"),
        ("hold: 1s", "drop.after_idle=2", 9, "after_idle: needs a unit: 2ms or 2s?"),
        ("hold: 1s", "drop.min_closed=&x [*x]", None, "contains itself"),
    ],
    ids=[
        "empty parameters",
        "parameters in a list",
        "a secret",
        "a time without its unit",
        "a parameter without its unit",
        "a value that contains itself",
    ],
)
def test_an_override_does_not_hide_a_broken_rule(
    new: str, override: str, line: int | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace("hold: 300ms", new))
    refused(capsys, path, line, words, "run", str(path), "--set", override)


def test_an_override_of_a_file_whose_steps_are_not_a_list_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.split("steps:", maxsplit=1)[0] + "steps: 5\n")
    refused(capsys, path, None, "has no step 'drop'; known: none", "run", str(path), "--set", "drop.hold=1s")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  pool_size: 30 ", "  pool_sise: 30 ", "api: pool_s"),
        ("  workers: 2 ", "  workers: two ", "got 'two'"),
        ("layout: shared", "layout: sharde", "got 'sharde'"),
        ("max_connections: 100", "max_connections: [100]", "database: settings: max_connections"),
        ("  pool_timeout: 30s ", "  pool_timeout: 30 ", "api: pool_timeout: needs a unit: 30ms or 30s?"),
        ("gunicorn_timeout: 200s", "gunicorn_timeout: 200", "gunicorn_timeout: needs a unit: 200ms or 200s?"),
        ("gunicorn_timeout: 200s", "gunicorn_timeout: 2500ms", "gunicorn_timeout: should be a valid integer"),
        ("base: 0s", "base: 0.05", "retries: base: needs a unit: 0.05ms or 0.05s?"),
        ("  pool_timeout: 30s ", "  pool_timeout: 30 sec ", "must be a time such as 30s, 500ms or 1m30s"),
        ("idle_session_timeout: 0", "idle_session_timeout: 300", "idle_session_timeout needs a unit"),
    ],
    ids=[
        *(
            "a misspelt key",
            "a wrong type",
            "a wrong word",
            "a setting that is a list",
            "a time without a unit",
        ),
        *(
            "seconds without a unit",
            "no whole seconds",
            "a fraction without a unit",
            "a space",
            "a bare setting",
        ),
    ],
)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_mistake_in_a_profile_is_found_before_anything_is_brought_up(
    command: str, old: str, new: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (PROJECT / "targets/profiles/fragile.yaml").read_text()
    assert text.count(old) == 1
    experiment, target = tmp_path / "good.yaml", tmp_path / "target.yaml"
    profile = tmp_path / "profiles/fragile.yaml"
    profile.parent.mkdir()
    experiment.write_text(GOOD)
    target.write_text(TARGET.replace("[fragile, hardened, dify]", "[fragile]"))
    profile.write_text(text.replace(old, new))
    argv = ["validate", str(target)] if command == "validate" else [str(experiment), "--target", str(target)]
    code, said = run(capsys, *(argv if command == "validate" else ["run", *argv]))
    assert (code, said.count("\n")) == (2, 1)
    assert f"{profile}:" in said and words in said


def test_a_second_profile_and_the_options_are_validated_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(TARGET)
    (tmp_path / "profiles").mkdir()
    fragile = (PROJECT / "targets/profiles/fragile.yaml").read_text()
    (tmp_path / "profiles/fragile.yaml").write_text(fragile)
    (tmp_path / "profiles/hardened.yaml").write_text(fragile + "more: 1\n")
    refused(capsys, tmp_path / "profiles/hardened.yaml", None, "more", "validate", str(target))
    target.write_text(TARGET.replace("disk_write: 30MB/s", "disk_wriet: 1"))
    refused(capsys, target, None, "disk_wriet", "validate", str(target))


def test_a_profile_whose_file_does_not_exist_is_named_in_the_line_that_lists_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(TARGET)
    line = 1 + next(n for n, text in enumerate(TARGET.splitlines()) if text.startswith("profiles:"))
    words = f"no profile 'fragile': no file {tmp_path / 'profiles/fragile.yaml'}"
    for argv in (["validate", str(target)], ["run", "smoke", "--target", str(target)]):
        refused(capsys, target, line, words, *argv)


def test_a_count_of_tokens_is_not_a_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "target.yaml"
    target.write_text(
        TARGET.replace("body: {", "body: {max_tokens: 256, ").replace("[fragile, hardened, dify]", "[]")
    )
    assert run(capsys, "validate", str(target)) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("driver: embedded", "driver: embeded", "unknown target 'embeded'"),
        ("method: POST, path: /api/records", "method: PSOT, path: /api/records", "got 'PSOT'"),
        ("disk_write: 30MB/s", "disk_write: 30 furlongs", "got '30 furlongs'"),
        ("profiles: [fragile, hardened, dify]", "profiles: [fragile], profile: x", "expected <block end>"),
        ("options:", "pass_phrase: hunter2\noptions:", "unknown key"),
        ("options:", "database_password: hunter2\noptions:", "must not be a secret"),
    ],
    ids=["unknown driver", "wrong method", "wrong unit", "broken YAML", "unknown key", "a secret"],
)
def test_a_bad_target_is_refused(
    old: str, new: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in TARGET
    experiment, target = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    experiment.write_text(GOOD)
    target.write_text(TARGET.replace(old, new))
    number = 1 + next(
        n for n, text in enumerate(target.read_text().splitlines()) if new.splitlines()[0] in text
    )
    refused(capsys, target, number, words, "run", str(experiment), "--target", str(target))


def test_a_fault_whose_handle_the_target_lacks_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from chaos.targets.embedded import EmbeddedDriver

    monkeypatch.setattr(EmbeddedDriver, "offers", classmethod(lambda _cls, _target: frozenset({"base_url"})))
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD)
    refused(capsys, path, 9, "idle_drop needs the handle 'proxies.database'", "run", str(path))


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["run", "nosuch"], "no file 'nosuch' in experiments/"),
        (["run", "smoke", "--profile", "steel"], "no profile 'steel'"),
        (["run", "smoke", "--set", "idle_drop"], "must be step.param=value"),
        (["run", "smoke", "--set", "nosuch.hold=1s"], "no step 'nosuch'"),
        (["run", "smoke", "--seed", "-1"], "'--seed'"),
        (["report", "nosuch"], "is not a stored run"),
    ],
)
def test_bad_usage_ends_with_2_and_one_line(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(capsys, *argv)
    assert (code, said.count("\n")) == (2, 1) and words in said
