"""Shapes that charts, operators and Compose files of real teams have: no false alarm, and nothing missed."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.audit.auditing import audit
from chaos.audit.rule import Severity
from chaos.audit.show import as_text
from tests.audit.reading_audits import audited, rules

API = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: api}}
    spec:
      terminationGracePeriodSeconds: 60
      topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname}]
      containers:
      - name: api
        image: acme/api:1
        ports: [{name: grpc, containerPort: 9000}]
        resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}
        livenessProbe: {httpGet: {path: /healthz, port: 80}, initialDelaySeconds: 60}
        readinessProbe: {httpGet: {path: /readyz, port: 80}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: api}
spec: {maxUnavailable: 25%, selector: {matchLabels: {app: api}}}
"""
RESOURCES = "resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}"
LIMIT_RANGE = """
---
apiVersion: v1
kind: LimitRange
metadata: {name: sizes}
spec: {limits: [{type: TYPE, default: {memory: 512Mi}, defaultRequest: {cpu: 100m}}]}
"""
AUTOSCALER = """
---
apiVersion: autoscaling/v2beta2
kind: HorizontalPodAutoscaler
metadata: {name: api}
spec: {scaleTargetRef: {kind: KIND, name: api}, minReplicas: 2, maxReplicas: 9}
"""
ROLLOUT = """
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: api, namespace: shop}
spec: {replicas: 5, workloadRef: {apiVersion: apps/v1, kind: Deployment, name: REFERRED}}
"""


def test_an_object_without_a_namespace_may_be_in_that_of_the_others(tmp_path: Path) -> None:
    assert rules(audited(tmp_path, API)) == []
    found = audited(tmp_path, API + AUTOSCALER.replace("KIND", "Deployment"))
    assert rules(found) == ["few-replicas"]


def test_an_object_of_another_namespace_is_about_others(tmp_path: Path) -> None:
    elsewhere = API.replace("metadata: {name: api}\n", "metadata: {name: api, namespace: bank}\n")
    assert rules(audited(tmp_path, elsewhere)) == ["no-disruption-budget"]


@pytest.mark.parametrize(
    ("live", "ready", "same"),
    [
        ("port: 9000", "port: 9000", True),
        ("port: grpc", "port: 9000", True),
        ("port: 9000, service: live", "port: 9000", False),
        ("port: 9000", "port: 9001", False),
    ],
)
def test_health_over_grpc_is_the_same_question_by_port_and_service(
    tmp_path: Path, live: str, ready: str, *, same: bool
) -> None:
    text = API.replace("httpGet: {path: /healthz, port: 80}", f"grpc: {{{live}}}")
    found = audited(tmp_path, text.replace("httpGet: {path: /readyz, port: 80}", f"grpc: {{{ready}}}"))
    assert rules(found) == (["liveness-like-readiness"] if same else [])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (API.replace(RESOURCES, ""), ["no-memory-limit", "no-requests"]),
        (
            API.replace(RESOURCES, "").replace("      containers:", f"      {RESOURCES}\n      containers:"),
            [],
        ),
        (API.replace(RESOURCES, "") + LIMIT_RANGE.replace("TYPE", "Container"), []),
        (
            API.replace(RESOURCES, "") + LIMIT_RANGE.replace("TYPE", "PersistentVolumeClaim"),
            ["no-memory-limit", "no-requests"],
        ),
    ],
    ids=["none", "of the Pod", "of a LimitRange", "of another type"],
)
def test_a_pod_and_a_limit_range_give_their_resources_to_each_container(
    tmp_path: Path, text: str, found: list[str]
) -> None:
    assert rules(audited(tmp_path, text)) == found


@pytest.mark.parametrize(
    ("referred", "kind", "because"),
    [
        ("api", "Rollout", "Deployment api has 2 of at least 3 minReplicas of its autoscaler"),
        ("api", "", ""),
        ("other", "", "Deployment api has 0 of at least 3 replicas"),
    ],
)
def test_a_rollout_that_took_a_deployment_over_says_how_many_pods_there_are(
    tmp_path: Path, referred: str, kind: str, because: str
) -> None:
    scaler = AUTOSCALER.replace("KIND", kind) if kind else ""
    text = API.replace("replicas: 3", "replicas: 0") + ROLLOUT.replace("REFERRED", referred) + scaler
    found = audited(tmp_path, text).standing
    assert "".join(each.because for each in found if each.rule == "few-replicas") == because


def test_a_budget_for_a_rollout_that_took_a_deployment_over_counts_its_pods(tmp_path: Path) -> None:
    text = API.replace("replicas: 3", "replicas: 0").replace("maxUnavailable: 25%", "minAvailable: 5")
    (found,) = audited(tmp_path, text + ROLLOUT.replace("REFERRED", "api")).standing
    assert found.because.endswith("keeps each of the 5 Pods of Deployment api")


def test_a_daemon_set_that_answers_requests_needs_its_probes(tmp_path: Path) -> None:
    text = API.replace("kind: Deployment", "kind: DaemonSet").replace("  replicas: 3\n", "")
    assert rules(audited(tmp_path, text)) == []
    found = audited(tmp_path, text.replace("readinessProbe", "x").replace("livenessProbe", "y"))
    assert rules(found) == ["no-liveness", "no-readiness"]


@pytest.mark.parametrize(
    ("suspend", "found"), [("true", []), ("false", ["overlap", "time-zone", "deadline"])]
)
def test_a_suspended_cron_job_is_judged_when_it_runs(tmp_path: Path, suspend: str, found: list[str]) -> None:
    text = f"""
apiVersion: batch/v1
kind: CronJob
metadata: {{name: clean}}
spec: {{schedule: '*/5 * * * *', suspend: {suspend}, jobTemplate: {{}}}}
"""
    assert {each.rpartition("cronjob-")[2] for each in rules(audited(tmp_path, text))} == {
        each.replace("deadline", "starting-deadline") for each in found
    }


@pytest.mark.parametrize(
    ("image", "is_loose"),
    [
        ("$IMAGE", False),
        ("registry.example:5000/${IMAGE}", False),
        ("${REGISTRY}/api:${TAG}", False),
        ("${REGISTRY}/api", True),
        ("${IMAGE}:latest", True),
        ("registry.example:5000/api", True),
    ],
)
def test_an_image_that_is_filled_in_later_may_have_a_version(
    tmp_path: Path, image: str, *, is_loose: bool
) -> None:
    found = audited(tmp_path, API.replace("acme/api:1", f"'{image}'"))
    assert rules(found) == (["image-not-pinned"] if is_loose else [])


SERVICE = """
x-shop: &shop
  environment:
    DB_PASSWORD: PASSWORD
  logging:
    driver: DRIVER
services:
  api:
    <<: *shop
    image: acme/api:1
    restart: RESTART
    mem_limit: 1g
    healthcheck: {test: [CMD, "true"]}
"""


@pytest.mark.parametrize(
    ("restart", "driver", "found"),
    [
        ("always", "local", []),
        ("${RESTART:-no}", "local", ["compose-no-restart"]),
        ("${RESTART:-}", "local", ["compose-no-restart"]),
        ("${RESTART:-always}", "local", []),
        ("${RESTART}", "local", []),
        ("always", "${DRIVER:-json-file}", ["compose-logs-unrotated"]),
        ("always", "${DRIVER:-journald}", []),
        ("always", "${DRIVER}", []),
    ],
)
def test_the_default_of_a_variable_is_in_force(
    tmp_path: Path, restart: str, driver: str, found: list[str]
) -> None:
    text = SERVICE.replace("RESTART", restart, 1).replace("driver: DRIVER", f"driver: '{driver}'")
    assert rules(audited(tmp_path, text.replace("PASSWORD: PASSWORD", "PASSWORD: '${SECRET}'"))) == found


@pytest.mark.parametrize(
    ("password", "is_found"),
    [
        ("${DB_PASSWORD}", False),
        ("${DB_PASSWORD:-}", False),
        ("${DB_PASSWORD:?set it}", False),
        ("${DB_PASSWORD:-changeme-soon}", True),
        ("hunter2-hunter2", True),
    ],
)
def test_a_secret_of_the_file_beside_is_none_of_the_manifest(
    tmp_path: Path, password: str, *, is_found: bool
) -> None:
    (tmp_path / ".env").write_text("DB_PASSWORD=s3cret-of-the-team\n")
    text = SERVICE.replace("RESTART", "always").replace("DRIVER", "local")
    found = audited(tmp_path, text.replace("PASSWORD: PASSWORD", f"PASSWORD: '{password}'"))
    assert rules(found) == (["secret-in-env"] if is_found else [])
    assert "s3cret" not in "\n".join(as_text(found, Severity.NOTE))


def test_what_a_merge_takes_over_is_found_where_it_is_written(tmp_path: Path) -> None:
    text = SERVICE.replace("RESTART", "always").replace("DRIVER", "json-file")
    found = audited(tmp_path, text.replace("PASSWORD: PASSWORD", "PASSWORD: hunter2-hunter2"))
    assert [(each.rule, each.line) for each in found.standing] == [
        ("secret-in-env", 4),
        ("compose-logs-unrotated", 5),
    ]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("mem_limit: 1g", "mem_limit: 0", ["compose-no-memory-limit"]),
        ("mem_limit: 1g", "mem_limit: '${LIMIT:-}'", ["compose-no-memory-limit"]),
        ("mem_limit: 1g", "mem_limit: '${LIMIT}'", []),
        ("mem_limit: 1g", "deploy: {resources: {limits: {memory: 1G}}, restart_policy: {}}", []),
        ("driver: local", "options: {max-size: '-1'}", ["compose-logs-unrotated"]),
        ("driver: local", "options: {max-size: '${SIZE:-}'}", ["compose-logs-unrotated"]),
        ("driver: local", "options: {max-size: '${SIZE:-9m}'}", []),
    ],
)
def test_a_limit_of_nothing_is_none(tmp_path: Path, old: str, new: str, found: list[str]) -> None:
    text = (
        SERVICE.replace("RESTART", "always").replace("DRIVER", "local").replace("PASSWORD: PASSWORD", "A: b")
    )
    assert rules(audited(tmp_path, text.replace(old, new))) == found


CRON_JOB = """
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: NAME}
spec:
  {schedule: '0 0 * * *', timeZone: ZONE, startingDeadlineSeconds: 300, concurrencyPolicy: Forbid, jobTemplate: {}}
"""


@pytest.mark.parametrize(
    ("zone", "meets"),
    [("UTC", True), ("Etc/UTC", True), ("Europe/Berlin", False), ("Mars/Olympus", False), ("../x", False)],
)
def test_names_of_one_clock_meet_at_midnight(tmp_path: Path, zone: str, *, meets: bool) -> None:
    text = CRON_JOB.replace("NAME", "a").replace("ZONE", "Etc/UTC")
    found = audited(tmp_path, text + CRON_JOB.replace("NAME", "b").replace("ZONE", zone))
    assert set(rules(found)) == ({"cronjobs-at-midnight"} if meets else set())


def test_the_only_pod_is_called_that(tmp_path: Path) -> None:
    text = API.replace("replicas: 3", "replicas: 1").replace("maxUnavailable: 25%", "minAvailable: 34%")
    (found,) = (each for each in audited(tmp_path, text).standing if each.rule.startswith("budget"))
    assert found.because.endswith("minAvailable 34% keeps the only Pod of Deployment api")


def test_a_finding_is_one_line_whatever_a_manifest_holds(tmp_path: Path) -> None:
    secret = '"acme/api"\n        env: [{name: "DB_PASSWORD\\n", value: hunter2-x}]'
    text = API.replace("{name: api, namespace: shop}", '{name: "a\\nb\\e[31m\\u2028"}')
    found = audited(tmp_path, text.replace("/healthz", '"/\\nslow"').replace("acme/api:1", secret))
    assert rules(found) == ["image-not-pinned", "secret-in-env", "liveness-path"]
    assert all(each.because.isprintable() and each.item.isprintable() for each in found.findings)


def test_a_link_to_itself_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "api.yaml").write_text(API)
    found = audit([tmp_path])
    assert [error.path for error in found.unread] == [tmp_path / "loop.yaml"]
    assert found.items == 2
