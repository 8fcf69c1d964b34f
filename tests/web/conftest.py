"""Reports and state of the tests' own for `midnight web`."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "reports"
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(place))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("MIDNIGHT_DATABASE", raising=False)
    return place
