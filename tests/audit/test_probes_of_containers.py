"""The container that a Service leads to needs the probes: those of a sidecar are not its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.audit.reading_audits import audited

PROBES = "livenessProbe: {tcpSocket: {port: 1}}, readinessProbe: {tcpSocket: {port: 1}}"
TEXT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "acme/web:1", WEBPORTS, WEBPROBES}
      - {name: side, image: "SIDE:1", ports: [{containerPort: 9113, name: extra}], SIDEPROBES}
"""
SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: APP}, ports: [PORTS]}
"""
WEB = "ports: [{containerPort: 8080, name: http}]"


def lacking(
    tmp_path: Path,
    ports: str,
    *,
    own: bool,
    beside: bool,
    web: str = WEB,
    side: str = "acme/side",
    app: str = "web",
) -> list[str]:
    text = TEXT.replace("WEBPORTS", web).replace("SIDE:", f"{side}:")
    text = text.replace("WEBPROBES", PROBES if own else "").replace("SIDEPROBES", PROBES if beside else "")
    service = SERVICE.replace("PORTS", ports).replace("APP", app) if ports else ""
    found = audited(tmp_path, text + service).standing
    return [each.because for each in found if each.rule in ("no-liveness", "no-readiness")]


def of(container: str) -> list[str]:
    return [
        f"Deployment web: container {container} has no {kind} probe" for kind in ("liveness", "readiness")
    ]


@pytest.mark.parametrize(
    "port",
    [
        "{port: 80, targetPort: 8080}",
        "{port: 80, targetPort: http}",
        "{port: 8080}",
        "{port: 80, targetPort: http}, {port: 9113, name: http-metrics}",
    ],
)
def test_a_probe_of_a_sidecar_does_not_hide_that_the_serving_container_has_none(
    tmp_path: Path, port: str
) -> None:
    assert lacking(tmp_path, port, own=False, beside=True) == of("web")
    assert lacking(tmp_path, port, own=True, beside=False) == []


def test_each_container_that_a_service_leads_to_needs_its_own(tmp_path: Path) -> None:
    both = "{port: 80, targetPort: http}, {port: 81, targetPort: extra}"
    assert lacking(tmp_path, both, own=True, beside=False) == of("side")
    assert lacking(tmp_path, both, own=True, beside=True) == []
    exporter = "nginx/nginx-prometheus-exporter"
    assert lacking(tmp_path, both, own=True, beside=False, side=exporter) == []


@pytest.mark.parametrize(
    ("port", "web", "app"),
    [
        ("", WEB, "web"),
        ("{port: 80, targetPort: 9999}", WEB, "web"),
        ("{port: 80, targetPort: 8080}", "ports: []", "web"),  # it need not be declared
        ("{port: 80, targetPort: 8080}", WEB, "other"),
    ],
)
def test_where_no_service_says_which_container_answers_any_probe_is_enough(
    tmp_path: Path, port: str, web: str, app: str
) -> None:
    assert lacking(tmp_path, port, own=False, beside=True, web=web, app=app) == []
    assert lacking(tmp_path, port, own=True, beside=False, web=web, app=app) == []
    first = "web" if web == WEB else "side"
    assert lacking(tmp_path, port, own=False, beside=False, web=web, app=app) == of(first)
