"""A run with a target file that is refused, and touches nothing."""

from __future__ import annotations

import pytest

from tests.attach.files import experiment
from tests.midnight import Midnight
from tests.typed import refusal

URL = "http://127.0.0.1:9"
SECRET = "hunter2-of-the-house"


def refused(
    place: Midnight, capsys: pytest.CaptureFixture[str], file: str, *words: str, more: str = ""
) -> None:
    """`run` with this target ends with 2 and one line that holds the words, and touches nothing."""
    said = refusal(capsys, "run", experiment(place, more), "--target", file)
    for word in words:
        assert word in said
    assert SECRET not in said
    assert not (place.place / "reports").exists() and not (place.place / "state").exists()
