"""docs/troubleshooting.md says what the commands do."""

from __future__ import annotations

from pathlib import Path

import pytest

import chaos
from chaos.bugreport import forms, readme, stored
from chaos.record.store import RunDir
from tests.midnight import PROJECT

TEXT = (PROJECT / "docs/troubleshooting.md").read_text()


def test_every_file_of_a_report_is_named_and_described() -> None:
    taken = {*stored.records(RunDir(Path("run"))), "experiment.yaml", "instrument-summary.json"}
    here = {"versions.json", "settings.json", "doctor.json"}
    assert set(readme._CONTENT) == taken | here
    named = taken - {"inventory-before.json", "inventory-after.json", "instrument-summary.json"} | here
    assert [name for name in sorted(named) if f"`{name}`" not in TEXT] == []


@pytest.mark.parametrize("kind", [forms.HOST, forms.USER, forms.PERSON, forms.ADDRESS, forms.PROJECT])
def test_every_placeholder_is_listed(kind: str) -> None:
    assert f"`{kind}-1`" in TEXT


def test_every_logger_that_is_named_is_there() -> None:
    table = [line.split("|")[2] for line in TEXT.splitlines() if line.startswith("| ") and "`chaos." in line]
    names = [name for cell in table for name in cell.split("`")[1::2] if name.startswith("chaos.")]
    root = Path(chaos.__file__).parent.parent
    sources = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in root.glob("chaos/**/*.py")
        if "logging.getLogger(__name__)" in path.read_text()
    }
    assert len(names) >= 10
    assert [name for name in names if not any(each.startswith(name) for each in sources)] == []
