"""What the witness tells of malloc: bytes in use, and free bytes that are kept; nothing of another malloc."""

from __future__ import annotations

import ctypes.util
import subprocess

import pytest

from chaos.census.witness.ask import ask
from tests.witness.conftest import WAITS, Start

PIECES, PIECE = 5_000, 4_000
HELD = f"kept = [os.urandom({PIECE}) for _ in range({PIECES})]\n"
NEXT = "signal.signal(10, lambda *_: (kept.__setitem__(slice(None, -1), []), print('ready', flush=True)))\n"


def freed(child: subprocess.Popen[bytes]) -> None:
    """Give back all but the last piece."""
    child.send_signal(10)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"


def test_what_is_given_back_below_a_piece_in_use_is_free_and_kept(start: Start) -> None:
    child = start(HELD + NEXT + WAITS)
    before = ask(child.pid)["counts"]
    freed(child)
    after = ask(child.pid)["counts"]
    assert before["malloc"] - after["malloc"] == pytest.approx(PIECES * PIECE, rel=0.05)
    assert after["free"] - before["free"] == pytest.approx(PIECES * PIECE, rel=0.05)


def test_memory_in_mappings_of_its_own_is_in_use(start: Start) -> None:
    large = 50_000_000
    small, great = start(), start(f"kept = bytearray({large})\n" + WAITS)
    assert ask(great.pid)["counts"]["malloc"] - ask(small.pid)["counts"]["malloc"] == pytest.approx(
        large, rel=0.05
    )


def test_nothing_is_said_of_a_malloc_that_was_loaded_before_the_librarys(start: Start) -> None:
    other = ctypes.util.find_library("jemalloc")
    if other is None:
        pytest.skip("no jemalloc here: it is in libjemalloc2")
    counts = ask(start(WAITS, LD_PRELOAD=other).pid)["counts"]
    assert counts["blocks"] > 0 and not {"malloc", "free"} & set(counts)
