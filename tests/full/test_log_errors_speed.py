"""Reading a log for errors costs a small multiple of looking at each of its lines once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from tests.log_errors.reading_logs import errors_in, sample

pytestmark = [pytest.mark.full, pytest.mark.alone]

SIZE = 40_000_000
LINE = (
    "2026-11-27T00:00:{:02d}.{:03d} INFO reference.request pid=4711 n={} route=/api/documents/<int:number> "
    'method=GET status=200 ms=3.2 path="/api/documents/{}" bytes=412\n'
)
STACK = sample("python_handle")


def plain(stacks: int) -> bytes:
    """A day's log, with a stack now and then."""
    lines = [LINE.format(n // 1000 % 60, n % 1000, n, n) for n in range(20_000)]
    for at in range(stacks):
        lines.insert(at * len(lines) // stacks, f"2026-11-27T00:00:01.000 ERROR app: failed\n{STACK}")
    return "".join(lines).encode()


def entries() -> bytes:
    """The same as JSON, with an `error` of null in each line."""
    told = {"timestamp": "2026-11-27T00:00:01Z", "level": "info", "message": "x" * 100, "error": None}
    return (json.dumps(told) + "\n").encode() * 20_000


def docker() -> bytes:
    return b"".join(
        json.dumps({"log": line + "\n", "stream": "stderr", "time": "2026-11-27T00:00:01Z"}).encode() + b"\n"
        for line in plain(5).decode().splitlines()
    )


def looked_at(content: bytes) -> int:
    """The least that any reader does: look for one word in every line."""
    return sum(b"ERROR" in line for line in content.splitlines())


def seconds(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


@pytest.mark.parametrize(
    ("content", "most"),
    [(plain(0), 15), (plain(10), 15), (entries(), 15), (docker(), 20), (plain(1000), 60)],
    ids=["no error", "a stack in two thousand lines", "JSON", "Docker", "every other line in a stack"],
)
def test_forty_megabytes_are_read_in_a_small_multiple_of_the_time_to_look_at_each_line(
    content: bytes, most: float
) -> None:
    parts = [content] * max(1, SIZE // len(content))
    least = min(seconds(lambda: [looked_at(part) for part in parts]) for _ in range(3))
    taken = seconds(lambda: errors_in(parts))
    print(f"{sum(map(len, parts)) / 1e6:.0f} MB in {taken:.2f} s, {taken / least:.1f} times the least")
    assert taken < most * least
