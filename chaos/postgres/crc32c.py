"""CRC-32C, PostgreSQL's checksum of a backup's files, in numpy: the CPU instruction is not available from Python.

A CRC is linear, so a block is cut into lanes that are processed in parallel, and their results are shifted and
combined: the same sum as byte by byte, at some tens of megabytes per second.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint32]

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, reflected
_LANES = 4096  # a power of two
_BLOCK = 1 << 20


def crc32c(chunks: Iterable[bytes]) -> int:
    """The CRC-32C of the bytes of all `chunks` in turn."""
    state = np.uint32(0xFFFFFFFF)
    for chunk in chunks:
        for start in range(0, len(chunk), _BLOCK):
            block = chunk[start : start + _BLOCK]
            state = _shifted(np.array([state], np.uint32), len(block))[0] ^ _bare(block)
    return int(state ^ np.uint32(0xFFFFFFFF))


def _bare(block: bytes) -> np.uint32:
    """The remainder of `block` alone, starting from zero: leading zeros do not change it."""
    length = -(-len(block) // _LANES)
    padded = np.zeros(_LANES * length, np.uint8)
    padded[_LANES * length - len(block) :] = np.frombuffer(block, np.uint8)
    columns = np.ascontiguousarray(padded.reshape(_LANES, length).T)
    table = _byte_table()
    lanes = np.zeros(_LANES, np.uint32)
    for column in columns:
        lanes = table[(lanes ^ column) & 0xFF] ^ (lanes >> 8)
    while len(lanes) > 1:
        lanes = _shifted(lanes[::2], length) ^ lanes[1::2]
        length *= 2
    return np.uint32(lanes[0])


def _shifted(states: Words, zeros: int) -> Words:
    """Each state after `zeros` bytes of zero."""
    table = _shift_table(zeros)
    shifted: Words = (
        table[0][states & 0xFF]
        ^ table[1][(states >> 8) & 0xFF]
        ^ table[2][(states >> 16) & 0xFF]
        ^ table[3][states >> 24]
    )
    return shifted


@lru_cache(maxsize=4096)
def _shift_table(zeros: int) -> Words:
    """Table of each value of a state's four bytes after `zeros` bytes of zero."""
    values = (np.arange(256, dtype=np.uint32) << np.arange(0, 32, 8, dtype=np.uint32)[:, None]).astype(
        np.uint32
    )
    if zeros == 0:
        return values
    if zeros == 1:
        one: Words = _byte_table()[values & 0xFF] ^ (values >> 8)
        return one
    half = _shifted(values, zeros // 2)
    return _shifted(half, zeros - zeros // 2)


@lru_cache(maxsize=1)
def _byte_table() -> Words:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1).astype(np.uint32)
    return table
