"""CRC-32C by numpy is the same as bit by bit, however the bytes are cut."""

from __future__ import annotations

import random

import pytest

from chaos.postgres.crc32c import crc32c


def bit_by_bit(data: bytes) -> int:
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


def test_the_checksum_gives_the_check_values_of_its_standard() -> None:
    # RFC 3720, B.4, and the check value of the CRC catalogue.
    assert crc32c([b"123456789"]) == 0xE3069283
    assert crc32c([bytes(32)]) == 0x8A9136AA
    assert crc32c([b"\xff" * 32]) == 0x62A8AB43
    assert crc32c([]) == 0


@pytest.mark.parametrize("size", [1, 7, 4095, 4096, 4097, 12345])
def test_input_of_any_length_in_any_pieces_gives_the_same_checksum(size: int) -> None:
    chance = random.Random(size)
    data = chance.randbytes(size)
    cut = chance.randrange(size + 1)
    assert crc32c([data]) == crc32c([data[:cut], data[cut:]]) == bit_by_bit(data)


def test_a_chunk_longer_than_a_block_is_read_whole() -> None:
    data = bytes(3 << 20) + b"end"
    assert crc32c([data]) == crc32c([data[i : i + 65_536] for i in range(0, len(data), 65_536)])
    assert crc32c([data]) != crc32c([data[:-1]])
