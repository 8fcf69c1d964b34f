"""What answers requests, how few of it there may be, and what runs beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import audited, rules

API = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 1
  template:
    metadata: {labels: {app: api}}
    spec:
      initContainers: [INIT]
      containers:
      - name: api
        image: acme/api:1
        resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}
        readinessProbe: PROBE
"""
SCALED = """
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: api}
spec: {scaleTargetRef: {name: api}, LEAST maxReplicaCount: 10}
"""


@pytest.mark.parametrize(
    ("probe", "serves"),
    [
        ("{httpGet: {path: /readyz, port: 80}}", True),
        ("{tcpSocket: {port: 80}}", True),
        ("{grpc: {port: 80}}", True),
        ("{exec: {command: [test, -e, /tmp/ready]}}", False),
    ],
)
def test_what_is_asked_over_the_network_whether_it_is_ready_answers_requests(
    tmp_path: Path, probe: str, serves: bool
) -> None:
    found = audited(tmp_path, API.replace("PROBE", probe).replace("INIT", ""))
    assert ("few-replicas" in rules(found)) == serves


@pytest.mark.parametrize(
    ("least", "replicas"),
    [("", 0), ("minReplicaCount: 0,", 0), ("minReplicaCount: 2,", 2), ("minReplicaCount: 3,", 3)],
)
def test_a_scaled_object_counts_by_its_own_keys(tmp_path: Path, least: str, replicas: int) -> None:
    probe = "{httpGet: {path: /readyz, port: 80}}"
    found = audited(
        tmp_path, (API + SCALED).replace("PROBE", probe).replace("INIT", "").replace("LEAST", least)
    )
    because = [each.because for each in found.standing if each.rule == "few-replicas"]
    few = f"Deployment api has {replicas} of at least 3 minReplicaCount of its autoscaler"
    assert because == ([few] if replicas < 3 else [])


@pytest.mark.parametrize(("policy", "runs_beside"), [("Always", True), ("Never", False)])
def test_an_init_container_that_is_always_restarted_is_a_sidecar(
    tmp_path: Path, policy: str, runs_beside: bool
) -> None:
    sidecar = f"{{name: proxy, image: 'acme/proxy:1', restartPolicy: {policy}}}"
    found = audited(tmp_path, API.replace("PROBE", "{}").replace("INIT", sidecar))
    assert ("no-memory-limit" in rules(found)) == runs_beside
