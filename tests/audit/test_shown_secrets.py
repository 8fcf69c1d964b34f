"""No message repeats a secret that stands in a probe, a path or a default."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.audit.finding import Audit
from chaos.audit.interpolation import without_defaults
from chaos.audit.rule import Severity
from chaos.audit.show import as_json, as_text
from chaos.record.redact import MASK
from tests.audit.reading_audits import audited

SECRET = "hunter2secret"
PROBED = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: token-web}
spec:
  template:
    spec:
      containers:
      - name: web
        image: acme/token-web:latest
        livenessProbe: PROBE
        readinessProbe: PROBE
"""


def shown(found: Audit) -> str:
    return "\n".join([*as_text(found, Severity.NOTE), json.dumps(as_json(found, Severity.NOTE))])


@pytest.mark.parametrize(
    "probe",
    [
        f"{{exec: {{command: [curl, -fsS, -u, 'probe:{SECRET}', 'http://localhost/health']}}}}",
        f"{{exec: {{command: [curl, -fsSu, 'probe:{SECRET}', 'http://localhost/health']}}}}",
        f"{{exec: {{command: [sh, -c, 'mysqladmin ping -p{SECRET}']}}}}",
        f"{{exec: {{command: [wget, 'http://probe:{SECRET}@localhost/health']}}}}",
        f"{{httpGet: {{path: '/health/db?token={SECRET}', port: 80}}}}",
        f"{{httpGet: {{path: '/?api_key={SECRET}', port: 80}}}}",
    ],
)
def test_credentials_of_a_probe_are_masked(tmp_path: Path, probe: str) -> None:
    found = audited(tmp_path, PROBED.replace("PROBE", probe))
    (same,) = [each.because for each in found.standing if each.rule == "liveness-like-readiness"]
    assert MASK in same
    assert SECRET not in shown(found)


def test_probes_with_different_credentials_do_not_ask_the_same(tmp_path: Path) -> None:
    one, other = (f"{{httpGet: {{path: '/health?token={n}', port: 80}}}}" for n in ("one", "other"))
    text = PROBED.replace("PROBE", one, 1).replace("PROBE", other)
    assert "liveness-like-readiness" not in {each.rule for each in audited(tmp_path, text).standing}


def test_names_and_paths_without_secrets_are_shown(tmp_path: Path) -> None:
    text = PROBED.replace("PROBE", "{httpGet: {path: '/db?full=1', port: 80}}")
    said = {each.because for each in audited(tmp_path, text).standing}
    assert "Deployment token-web: image acme/token-web:latest has no version" in said
    assert "Deployment token-web: liveness: /db?full=1 asks the database, by its name" in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"x-${{S:-{SECRET}}}.env", "x-${S}.env"),
        (f"${{A:-${{B:-{SECRET}}}}}/x.env", "${A}/x.env"),
    ],
)
def test_the_default_in_the_name_of_an_env_file_is_not_shown(tmp_path: Path, name: str, said: str) -> None:
    found = audited(tmp_path, f"services:\n  api: {{image: 'a:1', env_file: [{{path: '{name}'}}]}}\n")
    assert f"env_file {said} of service api" in shown(found)
    assert SECRET not in shown(found)


@pytest.mark.parametrize("text", ["plain.env", "${A}/$${B}", "a-${A}"])
def test_a_text_without_defaults_stays_as_it_is(text: str) -> None:
    assert without_defaults(text) == text
