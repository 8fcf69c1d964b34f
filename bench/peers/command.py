"""Running another project's program, its processor time watched."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.attack import BenchError
from bench.processor_time import Usage, watched

PATIENCE = 60.0  # seconds beyond the attack: what starting, stopping and a burning machine may take


def run_watched(argv: Sequence[str | Path], place: Path, length: float) -> Usage:
    """Run the program to its end. Raises BenchError when it fails or does not end."""
    name, log = Path(argv[0]).name, place / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(argv, cwd=place, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    with watched([process.pid]) as usage:
        try:
            code = process.wait(length + PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
    if code != 0:
        said = log.read_text(errors="replace").strip()[-500:]
        raise BenchError(f"{name} ended with code {code}: {said}")
    return usage
