"""A planted leak fails with its rate, route, line and holder; its innocent twin passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real.leaking import planted_line, played

pytestmark = pytest.mark.real

SHORT = "{warm_up: 60, requests: 20, count: 3, rate: 40, idle: 1500ms, again: 0, bounds: {descriptors: 5}}"


def test_a_file_left_by_every_request_is_a_leak_at_its_line(tmp_path: Path) -> None:
    verdict = played(tmp_path, {"leaks.files": {"every": 1}}, ["read"], SHORT)
    assert verdict.code == 1 and verdict.failed() == ["descriptors:file of read"]
    finding = verdict.findings["descriptors:file of read"]
    assert finding["measured"] == pytest.approx(1.0)
    (place, *_) = finding["evidence"]["places"]
    assert planted_line("files") in place["place"] and place["level"] == 3
    assert finding["evidence"]["rounds"][-1]["growth"] == 60


def test_files_in_a_pool_that_has_filled_are_none(tmp_path: Path) -> None:
    verdict = played(tmp_path, {"twins.files": {"every": 1}}, ["read"], SHORT)
    assert {each["outcome"] for each in verdict.findings.values()} == {"pass"}, verdict
