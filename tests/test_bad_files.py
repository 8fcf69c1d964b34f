"""A file that cannot be read as what it is, or a command line that cannot: one line, exit 2, nothing touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_files import GOOD, accepted, refused
from tests.typed import refusal

pytestmark = pytest.mark.usefixtures("own_place")

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
    accepted(capsys, path)


@pytest.mark.parametrize("case", SOUND)
def test_an_unusual_but_unambiguous_spelling_is_valid(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = SOUND[case]
    path = tmp_path / "good.yaml"
    path.write_text(GOOD.replace(old, new), encoding="utf-8", newline="")
    accepted(capsys, path)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a\n- list\n", 1, "must be keys with values"),
        ("", 1, "must be keys with values"),
        ("name: [unclosed\n", 1, "the closing ] is missing"),
        (GOOD + "name: again\n", 13, "duplicate key"),
        ("&all\n" + GOOD + "more: *all\n", None, "contains itself"),
        (GOOD.replace("mix: {read: 1, write: 1}", "mix: " + "[" * 3000), None, "nested too deeply"),
        (GOOD.replace("at: 1s", "at: 2001-02-31"), 9, "the date 2001-02-31 does not exist"),
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
    ],
    ids=["empty parameters", "parameters in a list"],
)
def test_an_override_does_not_hide_a_broken_rule(
    new: str, override: str, line: int | None, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace("hold: 300ms", new))
    refused(capsys, path, line, words, "run", str(path), "--set", override)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("drop.password=hunter2", "drop.password: must not be a secret in plain text\n"),
        ("drop.hold=300", "drop.hold: needs a unit: 300ms or 300s?"),
        ("drop.after_idle=2", "drop.after_idle: needs a unit: 2ms or 2s?"),
        ("drop.min_closd=1", "drop.min_closd: unknown key; did you mean `min_closed`?"),
        ("drop.at=3000s", "drop.at: starts at 50m, but the play ends at 30 s"),
        ("drop.min_closed=&x [*x]", "drop.min_closed: in PATH: contains itself through an alias"),
    ],
)
def test_a_mistake_of_an_override_is_told_of_the_override_and_not_of_the_sound_file(
    override: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sound.yaml"
    path.write_text(GOOD)
    said = refusal(capsys, "run", str(path), "--set", "drop.hold=1s", "--set", override)
    assert said.startswith(f"midnight: --set {says.replace('PATH', str(path))}") and said.count("\n") == 1
    assert f"{path}:" not in said.replace(f"in {path}", "") and "hunter2" not in said


def test_a_mistake_of_the_file_stays_at_its_line_whatever_is_overridden(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace("availability: 99%", "availability: 990%"))
    said = refusal(capsys, "run", str(path), "--set", "drop.hold=x", "--set", "drp.at=1s").splitlines()
    assert said[0] == f"midnight: --set drp.at: {path} has no step 'drp'; did you mean drop?"
    assert any(line.startswith(f"midnight: {path}:11: slo") for line in said)
    assert any(line.startswith("midnight: --set drop.hold: must be a time") for line in said)


def test_an_override_of_a_file_whose_steps_are_not_a_list_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.split("steps:", maxsplit=1)[0] + "steps: 5\n")
    refused(capsys, path, None, "has no step 'drop'; known: none", "run", str(path), "--set", "drop.hold=1s")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["run", "nosuch"], "no file 'nosuch' in experiments/"),
        (["run", "smoke", "--profile", "steel"], "no profile 'steel'"),
        (["run", "smoke", "--set", "idle_drop"], "must be step.param=value"),
        (["run", "smoke", "--set", "nosuch.hold=1s"], "no step 'nosuch'"),
        (["run", "smoke", "--seed", "-1"], "--seed: must be at least 0, got '-1'"),
        (["report", "nosuch"], "is not a stored run"),
    ],
)
def test_bad_usage_ends_with_2_and_one_line(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in refusal(capsys, *argv)
