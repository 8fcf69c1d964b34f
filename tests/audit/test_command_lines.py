"""Numbers on a command line count, also if a variable brings them; one that no file says is a note, not a one."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.audit.expansion import expanded
from tests.audit.reading_audits import audited

COMPOSE = """services:
  api:
    image: acme/api:1
    command: COMMAND
    environment: {DB_POOL_SIZE: 50, DB_HOST: database, ENVIRONMENT}
  database:
    image: postgres:17.6
    command: ["postgres", "-c", "max_connections=${MOST:-100}"]
"""
KUBERNETES = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {WORKERS: "3"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      terminationGracePeriodSeconds: 60
      containers:
      - name: api
        image: acme/api:1
        command: COMMAND
        env:
        - {name: DB_POOL_SIZE, value: "50"}
        - {name: SECRET, valueFrom: {secretKeyRef: {name: api, key: workers}}}
        ENVIRONMENT
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: database}
spec:
  template:
    spec:
      containers:
      - name: main
        image: postgres:17.6
        args: [-c, max_connections=$(MOST)]
        env: [{name: MOST, value: "100"}]
"""
MISSING = "connections unknown: the number of workers of api is not in these files"
CELERY = "connections unknown: the concurrency of a Celery worker is not in these files"


def said(tmp_path: Path, text: str, command: str, environment: str, rule: str = "connections") -> str:
    text = text.replace("COMMAND", command).replace("ENVIRONMENT", environment)
    found = audited(tmp_path, text).standing
    return "".join(each.because for each in found if each.rule == rule)


def many(workers: int) -> str:
    return (
        f"api 1 x {workers} x (50 + 0) = {workers * 50}: {workers * 50} connections, "
        "and database permits 100 - 3 = 97"
    )


@pytest.mark.parametrize(
    ("command", "environment", "because"),
    [
        ("gunicorn -w ${WORKERS:-8} app", "", many(8)),
        ("gunicorn -w8 app", "", many(8)),
        ("${COMMAND:-gunicorn -w 8 app}", "", many(8)),
        ("[gunicorn, '--workers=${WORKERS:-8}', app]", "", many(8)),
        ("gunicorn -w ${FROM_FILE} app", "", many(4)),
        ("gunicorn -w ${WORKERS:-1} app", "", ""),
        ("gunicorn -w ${WORKERS} app", "", MISSING),
        ("gunicorn -w ${WORKERS} app", "WORKERS: 8", MISSING),  # Compose does not fill in by `environment`
        ("gunicorn -w ${WORKERS} app", "WEB_CONCURRENCY: 1", MISSING),  # the option goes first
        ('[sh, -c, "exec gunicorn -w $$WORKERS app"]', "WORKERS: 8", many(8)),
        ("[sh, -c, 'exec gunicorn -w \"$${WORKERS:-8}\" app']", "", many(8)),
        ('[sh, -c, "exec gunicorn -w $$WORKERS app"]', "", MISSING),
        ('[sh, -c, "gunicorn --workers $$(nproc) app"]', "", MISSING),
        ("celery -A app worker -c ${CONCURRENCY:-8}", "", many(8)),
        ("celery -A app worker -c ${CONCURRENCY}", "CELERY_WORKER_AMOUNT: 8", CELERY),
        ("node -w file.js", "", ""),
    ],
)
def test_variables_on_the_command_line_of_a_service_count(
    tmp_path: Path, command: str, environment: str, because: str
) -> None:
    (tmp_path / ".env").write_text("FROM_FILE=4\n")
    assert said(tmp_path, COMPOSE, command, environment) == because


def test_a_limit_that_a_variable_brings_is_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MOST=500\n")
    assert said(tmp_path, COMPOSE, "gunicorn -w 8 app", "") == ""


@pytest.mark.parametrize(
    ("command", "environment", "because"),
    [
        ("[gunicorn, --workers, $(WORKERS)]", "- {name: WORKERS, value: '8'}", many(8)),
        (
            "[gunicorn, --workers, $(WORKERS)]",
            "- {name: N, value: '8'}\n        - {name: WORKERS, value: $(N)}",
            many(8),
        ),
        (
            "[gunicorn, --workers, $(WORKERS)]",
            "- {name: WORKERS, valueFrom: {configMapKeyRef: {name: settings, key: WORKERS}}}",
            many(3),
        ),
        ("[gunicorn, --workers, $(WORKERS)]", "", MISSING),
        ("[gunicorn, --workers, $(SECRET)]", "", MISSING),
        ("[gunicorn, --workers, $$(WORKERS)]", "- {name: WORKERS, value: '8'}", MISSING),
        ("[sh, -c, 'exec gunicorn -w ${WORKERS:-8}']", "", many(8)),
        ("[sh, -c, 'exec gunicorn -w ${SECRET:-1}']", "", MISSING),
        ("[gunicorn]", "- {name: GUNICORN_CMD_ARGS, value: --workers=8}", many(8)),
        ("[gunicorn]", "- {name: WEB_CONCURRENCY, value: '8'}", many(8)),
        ("[gunicorn]", "", ""),
    ],
)
def test_variables_on_the_command_line_of_a_container_count(
    tmp_path: Path, command: str, environment: str, because: str
) -> None:
    assert said(tmp_path, KUBERNETES, command, environment) == because


@pytest.mark.parametrize(
    ("command", "environment", "too_short"),
    [
        ("[gunicorn, --graceful-timeout, $(GRACE)]", "- {name: GRACE, value: '90'}", True),
        ("[gunicorn, --graceful-timeout, $(GRACE)]", "- {name: GRACE, value: '20'}", False),
        ("[gunicorn, --graceful-timeout, $(GRACE)]", "", False),
        (
            "[gunicorn]",
            "- {name: GRACE, value: '90'}\n"
            "        - {name: GUNICORN_CMD_ARGS, value: --graceful-timeout $(GRACE)}",
            True,
        ),
    ],
)
def test_a_graceful_timeout_that_a_variable_brings_counts(
    tmp_path: Path, command: str, environment: str, *, too_short: bool
) -> None:
    because = said(tmp_path, KUBERNETES, command, environment, "grace-too-short")
    assert ("--graceful-timeout 1m 30s" in because) == too_short == bool(because)


@pytest.mark.parametrize(
    ("text", "value"),
    [("$(A)", "1"), ("$$(A)", "$(A)"), ("$$$(A)", "$1"), ("$(B)-$(A)", "$(B)-1"), ("${A} $A", "${A} $A")],
)
def test_kubernetes_expands_names_in_round_brackets(text: str, value: str) -> None:
    assert expanded(text, {"A": "1"}) == value


@pytest.mark.parametrize("text", [KUBERNETES, COMPOSE])
def test_variables_that_hold_each_other_do_not_fill_the_memory(tmp_path: Path, text: str) -> None:
    if text is COMPOSE:
        (tmp_path / ".env").write_text(f"A={'$B' * 9999}\nB={'$C' * 9999}\nC={'$D' * 9999}\nD=1\n")
        assert said(tmp_path, text, "gunicorn -w $A app", "") == MISSING
        return
    entries = "".join(f"\n        - {{name: V{n}, value: $(V{n - 1})$(V{n - 1})}}" for n in range(1, 60))
    command = "[gunicorn, -w, $(V59)]"
    assert said(tmp_path, text, command, f"- {{name: V0, value: '1'}}{entries}") == MISSING
