"""The gauges of a served disk, from planted accounts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from chaos.host.disk import account
from chaos.host.disk.layout import account_in
from chaos.sampling.disk import DiskSource


@pytest.fixture
def writing(tmp_path: Path) -> account.Writing:
    found = account.Writing(account_in(tmp_path))
    found.account.at = 100.0
    found.write()
    return found


def gauges(source: DiskSource, volume: str = "data") -> dict[str, float]:
    return {gauge: value for (name, gauge), value in source.read().items() if name == f"volume:{volume}"}


def test_gauges_are_what_happened_since_the_reading_before(tmp_path: Path, writing: account.Writing) -> None:
    source, seen = DiskSource(["data", "logs"], tmp_path), writing.account
    assert source.read() == {}, "there was none before"
    seen.at, seen.limit, seen.queued, seen.oldest = 102.0, 30e6, 3, 101.9
    seen.write.requests, seen.write.bytes, seen.write.wait, seen.write.errors = 6, 60e6, 2.5, 1
    seen.read.requests, seen.read.bytes, seen.flush.requests, seen.flush.wait = 1, 4096, 1, 1.5
    writing.write()
    found = gauges(source)
    assert found == {
        "write_bps": 30e6,
        "read_bps": 2048,
        "limit": 30e6,
        "queued": 3,
        "request_wait": 0.5,  # 4 s of 8 requests
        "errors": 1,
    }
    seen.at = 103.0
    seen.queued, seen.oldest = 0, 0
    writing.write()
    again = gauges(source, "logs")
    assert (again["write_bps"], again["request_wait"], again["errors"]) == (0, 0, 1)
    source.close()


def test_a_request_that_is_still_waiting_counts_with_its_time_so_far(
    tmp_path: Path, writing: account.Writing
) -> None:
    source, seen = DiskSource(["data"], tmp_path), writing.account
    source.read()
    seen.at, seen.queued, seen.oldest = 109.0, 1, 101.0
    seen.write.requests, seen.write.wait = 100, 0.1
    writing.write()
    assert gauges(source)["request_wait"] == 8.0


def test_while_the_server_writes_nothing_what_waits_waits_longer(
    tmp_path: Path, writing: account.Writing
) -> None:
    source, seen = DiskSource(["data"], tmp_path), writing.account
    begun = seen.at = seen.oldest = time.monotonic()
    seen.queued = 2
    writing.write()
    source.read()
    first, second = gauges(source), gauges(source)
    assert set(first) == {"queued", "request_wait"} and first["queued"] == 2
    assert 0 <= first["request_wait"] <= second["request_wait"] <= time.monotonic() - begun


def test_a_disk_that_is_gone_has_no_gauges(tmp_path: Path, writing: account.Writing) -> None:
    source = DiskSource(["data"], tmp_path)
    source.read()
    writing.write()
    account_in(tmp_path).unlink()
    assert source.read() == {}
