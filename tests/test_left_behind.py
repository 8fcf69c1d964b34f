"""What tests leave behind fails them all, whoever left it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.midnight import PROJECT

LITTER = "import tempfile\n\ndef test_litter():\n    tempfile.mkdtemp(prefix='midnight-test-litter-', dir='/tmp')\n"


def test_a_directory_of_ours_that_is_left_fails_the_session(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(LITTER)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = real\n")
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "."]
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
        assert done.returncode == 1
        assert "left behind by these tests: ['directory /tmp/midnight-test-litter-" in done.stdout
    finally:
        for place in Path(tempfile.gettempdir()).glob("midnight-test-litter-*"):
            place.rmdir()
