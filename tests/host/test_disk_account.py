"""An account is read as it was written, by another process and at any time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaos.host.disk import account
from chaos.host.disk.account import Account, Served
from chaos.host.disk.model import Kind


def test_an_account_is_read_as_it_was_written(tmp_path: Path) -> None:
    writing = account.Writing(tmp_path / "account")
    assert account.read(tmp_path / "account") == Account()
    seen = writing.account
    seen.at, seen.limit, seen.queued, seen.oldest, seen.stalled = 1.5, 30e6, 2, 1.25, 0.5
    seen.held_back = 0.25
    seen.read, seen.write, seen.flush = Served(1, 2, 3, 4), Served(5, 6, 7, 8), Served(9, 10, 11, 12)
    writing.write()
    found = account.read(tmp_path / "account")
    assert found == seen
    assert [found.of(kind).requests for kind in Kind] == [1, 5, 9]


def test_what_is_no_account_is_an_error_and_never_numbers(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        account.read(tmp_path / "gone")
    (tmp_path / "torn").write_bytes(bytes(8))
    with pytest.raises(OSError, match="not a disk's account"):
        account.read(tmp_path / "torn")


def test_an_account_that_is_written_keeps_no_file_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    account.Writing(tmp_path / "account")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
