"""Probes that ask the same port, by its name or by its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import audited

API = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: api
        image: acme/api:1
        ports: [{name: http, containerPort: 8000}, {name: admin, containerPort: 9000}]
        livenessProbe: {httpGet: {path: /health, port: LIVE}}
        readinessProbe: {httpGet: {path: /health, port: READY}}
"""


@pytest.mark.parametrize(
    ("live", "ready", "same"),
    [
        ("http", "8000", True),
        ("8000", "http", True),
        ("'8000'", "8000", True),
        ("http", "http", True),
        ("other", "other", True),
        ("admin", "8000", False),
        ("http", "9000", False),
        ("other", "8000", False),
    ],
)
def test_a_port_is_compared_by_its_number(tmp_path: Path, live: str, ready: str, *, same: bool) -> None:
    found = audited(tmp_path, API.replace("LIVE", live).replace("READY", ready)).standing
    because = [each.because for each in found if each.rule == "liveness-like-readiness"]
    assert bool(because) is same
    if "8000" in live + ready and same:
        assert because == ["Deployment api: liveness and readiness ask the same (GET /health on port 8000)"]
