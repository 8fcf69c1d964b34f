"""A run directory with secrets and names of somebody's planted where runs have had them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chaos.record.store import RunDir

RUN = "20261126T235900Z-a1b2c3"

SECRETS = ("hunter7Zk", "tok3nQwertz", "Xy7pwBase", "s3cretInFile", "AKIAABCDEFGHIJKLMNOP", "Env0nlyQv")
NAMES = (
    "db1.prod.acmecorp.de", "db1", "acmecorp.de", "buildbox77", "shop.acme-gmbh.com", "jdoe", "Jane Doe", "10.20.30.40",
    "fe80::1c2d", "192.168.7.9", "deploybot", "acmeshop", "api.acme-gmbh.com", "qa-runner-3",
)  # fmt: skip

MANIFEST: dict[str, Any] = {
    "version": 1,
    "id": RUN,
    "experiment": {"name": "smoke", "title": "Of jdoe", "load": {"rate": 50}},
    "experiment_file": "/home/jdoe/acme/smoke.yaml",
    "target": {
        "name": "mine",
        "driver": "attach",
        "consent": {"owner": "Jane Doe", "until": "2026-12-31"},
        "allow": ["db1.prod.acmecorp.de", "buildbox77"],
    },
    "options": {
        "project": "acmeshop",
        "base_url": "http://shop.acme-gmbh.com:8080",
        "headers": {"Authorization": {"env": "PLANTED_TOKEN", "prefix": "Bearer "}},
        "databases": {"primary": {"admin_dsn": {"file": "PLACEHOLDER"}}},
        "database": {"service": "db"},
    },
    "started_by": "jdoe (by sudo of deploybot)",
    "command": "midnight run smoke --target /home/jdoe/targets/mine.yaml",
}
EVENTS: list[Any] = [
    {"version": 1},
    {"at": 0.0, "source": "run", "name": "run", "phase": "begun", "detail": {"pid": 4711}},
    {
        "at": 1.5,
        "source": "target",
        "name": "primary",
        "phase": "failed",
        "detail": {
            "error": 'connection to server at "db1.prod.acmecorp.de" (10.20.30.40), port 5432 failed for user "jdoe"',
            "dsn": "postgresql://jdoe:hunter7Zk@db1.prod.acmecorp.de:5432/orders",
            "listen": "127.0.0.1:15432",
            "upstream": "db:5432",
            "hint": "ask jane@acmecorp.de, or look at qa-runner-3.ci.local",
        },
    },
    {
        "at": 2.0,
        "source": "step",
        "name": "kill",
        "phase": "injected",
        "detail": {
            "container": "acmeshop-api-1",
            "clients": {"192.168.7.9": 3, "127.0.0.1": 1, "[fe80::1c2d]:99": 1},
            "said": "Authorization: Bearer tok3nQwertz",
            "env": "PGPASSWORD=Xy7pwBase AWS_ACCESS_KEY_ID=AKIAABCDEFGHIJKLMNOP",
            "kernel": "5.15.0-1023-generic at buildbox77, once db1 is up",
        },
    },
]


def plant(reports: Path) -> RunDir:
    """A run that was killed while it wrote its last event."""
    run = RunDir(reports / "smoke" / RUN)
    run.path.mkdir(parents=True)
    secret = reports / "dsn.txt"
    secret.write_text("host=db1.prod.acmecorp.de user=jdoe password=s3cretInFile\n")
    manifest = json.loads(json.dumps(MANIFEST).replace("PLACEHOLDER", str(secret)))
    run.run_file.write_text(json.dumps(manifest))
    lines = [json.dumps(each) for each in EVENTS]
    torn = '{"at": 3.0, "source": "run", "detail": {"password": "s3cretInFile", "host": "db1.prod.acm'
    run.events.write_text("\n".join([*lines, torn]))
    run.samples.write_text('{"version":1}\n{"at":1.0,"values":{"process:api":{"cpu":0.5}}}\n')
    run.instrument.write_text(
        '{"version":1}\n{"start":0,"end":0.25,"lag":0.001,"run_delay":null}\n'
        '{"start":0.25,"end":0.5,"lag":0.003,"run_delay":0.002}\n'
    )
    run.verdict.write_text(json.dumps({"headline": "FAIL: at shop.acme-gmbh.com, s3cretInFile"}))
    (run.path / "load.log").write_text(
        "connect to api.acme-gmbh.com as s3cretInFile, tok3nQwertz or Env0nlyQv\n"
    )
    (run.path / "repair.log").write_text("of a command: s3cretInFile\n")
    return run
