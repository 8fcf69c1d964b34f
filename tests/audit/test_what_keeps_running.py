"""What runs to an end and what goes on: Pods, ReplicationControllers, and jobs with a deadline."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import audited

POD = """
apiVersion: v1
kind: Pod
metadata: {name: api}
spec:
  restartPolicy: POLICY
  containers:
  - name: api
    image: acme/api:1
    livenessProbe: {httpGet: {path: /db, port: 80}}
    readinessProbe: {httpGet: {path: /db, port: 80}}
"""


@pytest.mark.parametrize(
    ("policy", "goes_on"),
    [("Always", True), ("OnFailure", False), ("Never", False), ("", True)],
)
def test_the_probes_of_a_pod_that_is_always_restarted_count(
    tmp_path: Path, policy: str, *, goes_on: bool
) -> None:
    found = {each.rule for each in audited(tmp_path, POD.replace("POLICY", policy)).standing}
    assert ("liveness-asks-database" in found) == goes_on
    assert ("liveness-like-readiness" in found) == goes_on


def test_a_replication_controller_has_replicas(tmp_path: Path) -> None:
    text = """
apiVersion: v1
kind: ReplicationController
metadata: {name: api}
spec:
  replicas: 4
  template:
    spec:
      containers:
      - {name: api, image: "acme/api:1", ports: [{containerPort: 80}], env: [{name: DB_POOL_SIZE, value: "30"}]}
      - {name: database, image: "postgres:17.6", args: [-c, max_connections=100]}
"""
    found = {each.rule for each in audited(tmp_path, text).standing}
    assert {"no-liveness", "no-readiness", "no-disruption-budget", "no-spread"} <= found


CRON_JOB = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: clean}
spec:
  schedule: "*/15 * * * *"
  jobTemplate: {spec: {WHOLE template: {spec: {EACH containers: []}}}}
"""


@pytest.mark.parametrize(
    ("whole", "each", "said"),
    [
        ("", "", "may run without end"),
        ("", "activeDeadlineSeconds: 60,", ""),  # 7 tries
        ("", "activeDeadlineSeconds: 180,", "may run for 21m"),
        ("backoffLimit: 0,", "activeDeadlineSeconds: 180,", ""),
        ("backoffLimit: 0,", "activeDeadlineSeconds: 1200,", "may run for 20m"),
        ("activeDeadlineSeconds: 600,", "activeDeadlineSeconds: 180,", ""),
        ("activeDeadlineSeconds: 1200,", "", "may run for 20m"),
        ("activeDeadlineSeconds: 1200,", "activeDeadlineSeconds: 60,", ""),
    ],
)
def test_a_deadline_of_the_pods_counts_for_each_try(tmp_path: Path, whole: str, each: str, said: str) -> None:
    found = audited(tmp_path, CRON_JOB.replace("WHOLE", whole).replace("EACH", each)).standing
    because = "".join(each.because for each in found if each.rule == "cronjob-overlap")
    assert because.endswith(said)
    assert bool(because) == bool(said)


def test_the_container_with_too_little_grace_is_named(tmp_path: Path) -> None:
    text = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      containers:
      - {name: api, image: "acme/api:1", command: [gunicorn, --graceful-timeout, "20"]}
      - {name: side, image: "acme/side:1", command: [hypercorn, --graceful-timeout, "60"]}
"""
    found = [each.because for each in audited(tmp_path, text).standing if each.rule == "grace-too-short"]
    assert found == ["Deployment api: container side has 30 s of grace for --graceful-timeout 1m = 1m"]
