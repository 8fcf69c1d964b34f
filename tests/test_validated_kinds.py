"""`midnight validate` says what it took each file for, so that a file of the wrong kind is noticed."""

from __future__ import annotations

import pytest

from tests.midnight import PROJECT
from tests.typed import typed


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("experiments/smoke.yaml", "experiment"),
        ("experiments/dr-drill.yaml", "suite"),
        ("experiments/restore-mine.yaml", "backup check"),
        ("targets/backup-example.yaml", "target"),
        ("schedules/example.yaml", "schedule file"),
    ],
)
def test_a_valid_file_is_named_by_its_kind(file: str, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(PROJECT / file)
    assert typed(capsys, "validate", path) == (0, f"{path}: valid {kind}\n", "")
