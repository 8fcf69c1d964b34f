"""`midnight validate` reads a profile as the targets that have it do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.midnight import PROJECT
from tests.typed import refusal, typed


@pytest.mark.parametrize(
    "profile", sorted((PROJECT / "targets/profiles").glob("*.yaml")), ids=lambda path: path.stem
)
def test_each_that_ships_is_valid_and_its_targets_are_named(
    profile: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = typed(capsys, "validate", str(profile))
    assert (done.code, done.out) == (0, f"{profile}: valid profile of docker, embedded\n")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("leaky", ("witness", "witnes"), "leaky.yaml:26: api: witnes: unknown key; did you mean `witness`?"),
        ("mine", ("", ""), "has this profile: add its name to `profiles`"),
    ],
    ids=["a mistake", "a profile of no target"],
)
def test_what_no_target_would_take_is_refused(
    name: str, change: tuple[str, str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(PROJECT / "targets/embedded.yaml", tmp_path)
    file = tmp_path / f"profiles/{name}.yaml"
    file.parent.mkdir()
    file.write_text((PROJECT / "targets/profiles/leaky.yaml").read_text().replace(*change))
    assert words in refusal(capsys, "validate", str(file))
