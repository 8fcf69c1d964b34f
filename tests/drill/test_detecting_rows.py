"""The detector of deleted rows says how many there are, and how many there were."""

from __future__ import annotations

import threading

import pytest

from chaos.plugin.driver import Incident
from chaos.plugin.handles import Database, Handles
from chaos.runbook_actions import detect
from chaos.runbook_actions.detect import Detect, DetectParams
from chaos.spec.target import Target


def test_fewer_rows_than_before_are_detected_and_both_counts_are_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = iter(["240", "243", "168", "170"])
    monkeypatch.setattr(detect, "ask_within", lambda *_: [(next(counts),)])
    target = Target.model_validate(
        {"name": "mine", "title": "Mine", "driver": "embedded", "routes": {"read": {"path": "/"}}}
    )
    handles = Handles(databases={"primary": Database("host=nowhere", {}, "")})
    params = DetectParams(probe="rows", period=0.001, failures=2)
    found = Detect(params, handles).do(Incident({}, target), threading.Event())
    assert found["said"] == "168 rows (243 before)"
    assert found["probes"] == 4
