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

TARGET = (PROJECT / "targets/embedded.yaml").read_text()

BAD_EXPERIMENTS = {
    "unknown fault": ("fault: idle_drop", "fault: idel_drop", 9, "unknown fault 'idel_drop'"),
    "negative time": ("at: 1s", "at: -1s", 9, "got '-1s'"),
    "negative hold": ("hold: 300ms", "hold: -5", 9, "step 'drop': hold"),
    "wrong unit": ("hold: 300ms", "hold: 3 fortnights", 9, "got '3 fortnights'"),
    "unknown parameter": ("hold: 300ms", "hold: 1s, with: {min_close: 1}", 9, "min_close"),
    "parameter of a wrong type": ("hold: 300ms", "hold: 1s, with: {min_closed: many}", 9, "got 'many'"),
    "both at and after": ("at: 1s", "at: 1s, after: drop", 9, "either `at` a time or `after`"),
    "after a step that is none": ("at: 1s", "after: dorp", 9, "'dorp'"),
    "starts when the play is over": ("at: 1s", "at: 31s", 9, "the play ends at 30s"),
    "a limit the play cannot break": ("recovery: 5s", "recovery: 25s", 12, "cannot be broken by this play"),
    "unknown key": ("limits:", "limit:", 12, "is not a key known here"),
    "missing key": ("title: A sound one\n", "", 1, "title: is required"),
    "ratio out of range": ("availability: 99%", "availability: 990%", 11, "got '990%'"),
    "unknown route": ("read: 1", "raed: 1", 5, "no such route"),
    "rate out of bounds": ("rate: 10}]", "rate: 100000}]", 7, "got 100000"),
    "a secret in plain text": ("title: A sound one", "password: hunter2", 2, "must not stand in a file"),
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


def test_the_same_file_without_a_mistake_is_valid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    assert run(capsys, "validate", str(path)) == (0, "")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a\n- list\n", 1, "must be a mapping"),
        ("", 1, "must be a mapping"),
        ("name: [unclosed\n", 2, "expected ',' or ']'"),
        (GOOD + "name: again\n", 13, "duplicate key"),
        (
            GOOD.replace("slos:", "  - {name: drop, fault: idle_drop, at: 2s, hold: 1s}\nslos:"),
            10,
            "stands twice",
        ),
    ],
    ids=["a list", "nothing", "broken YAML", "a key twice", "a step twice"],
)
def test_what_is_no_experiment_at_all_is_refused(
    text: str, line: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    refused(capsys, path, line, words, "run", str(path))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("driver: embedded", "driver: embeded", "unknown target 'embeded'"),
        ("method: POST, path: /api/records", "method: PSOT, path: /api/records", "got 'PSOT'"),
        ("disk_write: 30MB/s", "disk_write: 30 furlongs", "got '30 furlongs'"),
        ("profiles: [fragile, hardened]", "profiles: [fragile], profile: x", "expected <block end>"),
        ("options:", "pass_phrase: hunter2\noptions:", "is not a key known here"),
        ("options:", "database_password: hunter2\noptions:", "must not stand in a file"),
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
    refused(capsys, path, 9, "idle_drop needs the handle 'databases.primary'", "run", str(path))


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
