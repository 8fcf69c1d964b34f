"""What tests leave behind fails them all, whoever left it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LEFT_BEHIND
from tests.midnight import PROJECT

LITTER = "import tempfile\n\ndef test_litter():\n    tempfile.mkdtemp(prefix='midnight-test-litter-', dir='/tmp')\n"


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "side by side"])
def test_a_directory_left_behind_by_midnight_fails_the_session(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    (tmp_path / "test_it.py").write_text(LITTER)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = real\n")
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        *workers,
        ".",
    ]
    try:
        done = subprocess.run(
            argv,
            cwd=tmp_path,
            env={"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "1 passed" in done.stdout, done.stdout + done.stderr
        assert done.returncode == LEFT_BEHIND
        assert "left behind by these tests: [" in done.stdout
        assert "'directory /tmp/midnight-test-litter-" in done.stdout
    finally:
        for place in Path("/tmp").glob("midnight-test-litter-*"):
            place.rmdir()
