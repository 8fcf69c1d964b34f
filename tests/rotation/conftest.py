"""A log to rotate."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a log of today."""
    log = tmp_path / "log"
    log.mkdir()
    (log / "app.log").write_text("today\n" * 100)
    return log
