"""A failed test is played once more, by itself: what passes then is named as flaky, all else fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import again
from tests.midnight import PROJECT

ONCE = "import pathlib\n\ndef test_once():\n    pathlib.Path('once').mkdir()\n"
"""Passes the first time only."""
LATER = """\
import pathlib

def test_later():
    seen = pathlib.Path("later").exists()
    pathlib.Path("later").touch()
    assert seen
"""
NEVER = (
    "import pytest\n\n@pytest.mark.parametrize('n', range({count}))\ndef test_never(n):\n    assert False\n"
)
GOOD = "def test_good():\n    pass\n"


def played(place: Path, **files: str) -> subprocess.CompletedProcess[str]:
    for name, text in files.items():
        (place / f"test_{name}.py").write_text(text)
    (place / "pytest.ini").write_text("[pytest]\n")
    argv = [sys.executable, "-m", "tests.again", "-q", "-n", "2"]
    env = {"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
    return subprocess.run(argv, cwd=place, env=env, capture_output=True, text=True, check=False, timeout=60)


def test_what_passes_the_second_time_is_named_as_flaky(tmp_path: Path) -> None:
    done = played(tmp_path, later=LATER, good=GOOD)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("flaky, to be mended:\n  test_later.py::test_later\n")


def test_only_what_failed_is_played_again(tmp_path: Path) -> None:
    assert played(tmp_path, later=LATER, once=ONCE).returncode == 0  # `once` would fail


@pytest.mark.parametrize("count", [1, again.MOST])
def test_what_fails_twice_fails(tmp_path: Path, count: int) -> None:
    done = played(tmp_path, never=NEVER.format(count=count), later=LATER if count == 1 else GOOD)
    assert done.returncode == 1
    assert "once more" in done.stdout and "flaky" not in done.stdout


def test_many_failures_are_not_played_again(tmp_path: Path) -> None:
    done = played(tmp_path, never=NEVER.format(count=again.MOST + 1))
    assert done.returncode == 1 and "once more" not in done.stdout


@pytest.mark.parametrize("text", ["import nothing_of_the_kind\n", ""], ids=["a broken file", "no test"])
def test_another_end_than_failed_tests_fails(tmp_path: Path, text: str) -> None:
    done = played(tmp_path, it=text)
    assert done.returncode != 0 and "flaky" not in done.stdout


def test_failures_of_an_earlier_session_are_not_played(tmp_path: Path) -> None:
    assert played(tmp_path, never=NEVER.format(count=1)).returncode == 1
    (tmp_path / "test_never.py").unlink()
    assert played(tmp_path, later=LATER).returncode == 0
