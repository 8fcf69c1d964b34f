"""What to do where Docker is not, or not all of it."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(because: str) -> NoReturn:
    """Skip the test; fail it where Docker is required."""
    if os.environ.get("REQUIRE_DOCKER") == "1":
        pytest.fail(because)
    pytest.skip(because)
