"""`python -m tests.again ARGS`: pytest with ARGS, then what failed once more, one at a time.

Real programs on a busy machine fail a test now and then for a reason of their own: a network that came up, a starved
server. What passes the second time is flaky: it fails nothing, and is named in the last lines, since it is a defect of
the test to mend. What fails twice fails, and so does everything else: many failures, or things left behind.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

MOST = 3  # more failures are no accident
ONE_AT_A_TIME = ("-n", "0")
FAILED = Path(".pytest_cache/v/cache/lastfailed")  # of the run just ended: --cache-clear


def main(args: Sequence[str]) -> int:
    """The exit code of pytest: of the first time, or of the second where one is due."""
    first = _pytest("--cache-clear", *args)
    failed = sorted(json.loads(FAILED.read_text())) if FAILED.is_file() else []
    if first != pytest.ExitCode.TESTS_FAILED or not 0 < len(failed) <= MOST:
        return first
    print(f"once more, one at a time: {len(failed)} failed", flush=True)
    second = _pytest(*args, *ONE_AT_A_TIME, *failed)
    if second == 0:
        print("flaky, to be mended:", *failed, sep="\n  ", flush=True)
    return second


def _pytest(*args: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *args], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
