"""Write logs as if grown over the day: realistic lines in the stack's own format, up to the given size.

Also a program: reads a JSON object with `sizes` in bytes by file, and the `owner` of those files.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_LINE = (
    "2026-01-01 03:04:{second:02d},{n:06d} INFO reference.requests old route={route} status={status} "
    "ms={ms} request_id={n:08x}{n:08x} user_agent=Mozilla/5.0 (X11; Linux x86_64) cache=miss tenant=t{tenant}\n"
)
_ROUTES = ("GET /api/documents", "POST /api/records", "POST /api/complete")
_CHUNK_LINES = 20_000


def _chunk(seed: int) -> bytes:
    """About 4 MB of lines that do not compress too easily."""
    lines = []
    for n in range(seed * _CHUNK_LINES, (seed + 1) * _CHUNK_LINES):
        mixed = (n * 2654435761) % 2**32
        lines.append(
            _LINE.format(
                second=n % 60,
                n=mixed % 10**6,
                route=_ROUTES[mixed % 3],
                status=200,
                ms=mixed % 977,
                tenant=mixed % 89,
            )
        )
    return "".join(lines).encode()


def grow(path: Path, size: int) -> None:
    """Write a log of `size` bytes, ending at a line's end."""
    chunks = [_chunk(seed) for seed in range(2)]
    written = 0
    with path.open("wb") as file:
        while written < size:
            part = chunks[(written // len(chunks[0])) % len(chunks)]
            if written + len(part) > size:
                part = part[: size - written]
                part = part[: part.rfind(b"\n") + 1]
            if not part:
                break
            file.write(part)
            written += len(part)


def main() -> None:
    spec = json.loads(sys.stdin.readline())
    for name, size in spec["sizes"].items():
        grow(Path(name), size)
        os.chown(name, spec["owner"], spec["owner"])


if __name__ == "__main__":
    main()
