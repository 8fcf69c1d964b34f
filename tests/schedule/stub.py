"""In place of `midnight run`: writes down that it was started, takes a moment, and ends as a run does.

Arguments: the book it writes to, seconds to take, the exit code; then those of `midnight run`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path


def main() -> None:
    book, takes, code = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    signal.signal(signal.SIGTERM, lambda *_: _end(book, 4))
    _write(book, f"began {sys.argv[5]} {os.getpid()}")
    time.sleep(takes)
    verdict = {
        "verdict": "pass",
        "headline": "PASS",
        "run": "r1",
        "experiment": sys.argv[5],
        "figures": {"p99": 1},
    }
    print(json.dumps(verdict))
    _end(book, code)


def _end(book: Path, code: int) -> None:
    _write(book, f"ended {code}")
    os._exit(code) if code == 4 else sys.exit(code)


def _write(book: Path, line: str) -> None:
    with book.open("a") as file:
        file.write(f"{line}\n")


if __name__ == "__main__":
    main()
