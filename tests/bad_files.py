"""A sound experiment and a sound target to spoil, and how a spoilt one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.midnight import PROJECT
from tests.typed import refusal, typed

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


def refused(capsys: pytest.CaptureFixture[str], path: Path, line: int | None, words: str, *argv: str) -> None:
    """The command names file, line and rule, and leaves no report and no state beside the file."""
    said = refusal(capsys, *argv)
    assert f"{path}:{line}: " in said if line else str(path) in said, said
    assert words in said
    assert not (path.parent / "reports").exists() and not (path.parent / "state").exists()


def accepted(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    done = typed(capsys, "validate", str(path))
    assert (done.code, done.err) == (0, "")
