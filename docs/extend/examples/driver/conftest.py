"""What the contract suite brings up and takes down."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def midnight_target() -> Path:
    return Path(__file__).parent / "static_site.yaml"
