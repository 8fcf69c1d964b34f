"""The monitoring of the reference stack: Prometheus, Alertmanager and two exporters beside it, every second."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chaos.errors import TargetError
from chaos.host.processes import spawn
from chaos.later import httpx
from chaos.paging import receiver
from chaos.paging.ends import RECEIVER
from chaos.plugin.driver import Site
from chaos.spec import named_files
from chaos.targets.embedded.layout import Layout
from chaos.targets.embedded.options import EmbeddedOptions
from chaos.tools import monitoring
from chaos.tools.part import Missing

PORTS = (*monitoring.NAMES, RECEIVER)
READY = {
    "prometheus": "/-/ready",
    "alertmanager": "/-/ready",
    "node_exporter": "/",
    "blackbox_exporter": "/-/healthy",
}
READY_WITHIN = 30.0  # seconds
POLL = 0.1
MEMORY, DISK = 300_000_000, 200_000_000  # bytes that the four take, at most
COLLECTORS = ("cpu", "diskstats", "filesystem", "loadavg", "meminfo", "pressure", "vmstat")
EVERY = "1s"
MIDNIGHT_EVERY = "5s"
"""midnight reads the history for each scrape of its own page: not every second beside a measurement."""
PROBE_EVERY = "2s"
"""blackbox_exporter gives up half a second before the scrape does: at 1 s, an answer after 0.5 s would be none."""


def versions() -> dict[str, str]:
    """Raises ToolMissing for a program that is not there."""
    found: dict[str, str] = {}
    for part in monitoring.SERVERS:
        answer = part.find()
        if isinstance(answer, Missing):
            raise answer.error()
        found[answer.part] = f"{answer.version} ({answer.source})"
    return found


def addresses(layout: Layout) -> Mapping[str, str]:
    """Where they answer, and where midnight receives alerts."""
    return {name: layout.url(name) for name in PORTS}


def start(layout: Layout, options: EmbeddedOptions, ready: str, site: Site) -> None:
    """Start all four below the stack's directory, with its mark. `ready`: the path of the API that is probed. Raises
    TargetError, ToolMissing."""
    place = layout.root / "monitoring"
    place.mkdir()
    files = {
        "prometheus.yaml": scraping(
            layout.ports, layout.url("api") + ready, options.own_metrics, str(shipped() / "rules")
        ),
        "alertmanager.yaml": routing(layout.ports[RECEIVER]),
    }
    for name, document in files.items():
        (place / name).write_text(json.dumps(document, indent=1))  # JSON is YAML
    listen = {name: f"--web.listen-address=127.0.0.1:{layout.ports[name]}" for name in PORTS}
    collectors = [f"--collector.{name}" for name in COLLECTORS]
    arguments: dict[str, list[str]] = {
        "node_exporter": ["--collector.disable-defaults", *collectors],
        "blackbox_exporter": [f"--config.file={shipped() / 'blackbox.yaml'}"],
        "alertmanager": [
            f"--config.file={place / 'alertmanager.yaml'}",
            f"--storage.path={place / 'alerts'}",
            "--cluster.listen-address=",  # no gossip: it would want a private address
        ],
        "prometheus": [
            f"--config.file={place / 'prometheus.yaml'}",
            f"--storage.tsdb.path={place / 'samples'}",
            "--storage.tsdb.retention.time=1d",
        ],
    }
    started = {
        part.NAME: _start(
            part.NAME, part.find_binary(), [listen[part.NAME], *arguments[part.NAME]], layout, site.mark
        )
        for part in monitoring.SERVERS
    }
    for name, process in started.items():
        _wait(name, layout.url(name) + READY[name], process, layout.output / f"{name}.log", site.check)


def shipped() -> Path:
    """Where the files that ship are."""
    return (named_files.shipped("deploy") / "monitoring").resolve()


def scraping(ports: Mapping[str, int], probed: str, own_metrics: str, rules: str) -> dict[str, Any]:
    """The configuration of a Prometheus that reaches everything on this machine, whatever the stack runs in. `rules`:
    their directory, as it sees it."""
    jobs = {"api": ports["metrics"], "node": ports["node_exporter"]}
    scraped = [_job(name, f"127.0.0.1:{port}") for name, port in jobs.items()]
    scraped.append(_probe(probed, f"127.0.0.1:{ports['blackbox_exporter']}"))
    if own_metrics:
        scraped.append({**_job("midnight", own_metrics), "scrape_interval": MIDNIGHT_EVERY})
    manager = f"127.0.0.1:{ports['alertmanager']}"
    return {
        "global": {"scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY},
        "rule_files": [f"{rules}/*.yaml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [manager]}]}]},
        "scrape_configs": scraped,
    }


def _job(name: str, address: str) -> dict[str, Any]:
    return {"job_name": name, "static_configs": [{"targets": [address]}]}


def _probe(url: str, exporter: str) -> dict[str, Any]:
    """As deploy/monitoring/prometheus.yaml has it: the exporter asks the URL for each scrape."""
    return {
        **_job("probe", url),
        "metrics_path": "/probe",
        "params": {"module": ["answers"]},
        "scrape_interval": PROBE_EVERY,
        "scrape_timeout": PROBE_EVERY,
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": exporter},
        ],
    }


def routing(port: int) -> dict[str, Any]:
    """Everything to midnight's receiver; pages at once, as deploy/monitoring/alertmanager.yaml has it."""
    hook = {"url": receiver.url(port), "send_resolved": True}
    page = {"matchers": ['severity="page"'], "receiver": receiver.NAME, "group_wait": "0s"}
    return {
        "route": {
            "receiver": receiver.NAME,
            "group_by": ["alertname"],
            "group_wait": EVERY,
            "group_interval": EVERY,
            "routes": [{**page, "group_interval": EVERY}],
        },
        "receivers": [{"name": receiver.NAME, "webhook_configs": [hook]}],
    }


def _start(
    name: str, binary: Path, arguments: Sequence[str], layout: Layout, mark: str
) -> subprocess.Popen[bytes]:
    with (layout.output / f"{name}.log").open("ab") as output:
        return spawn(
            [str(binary), *arguments],
            mark=mark,
            env=dict(os.environ),
            cwd=layout.root / "monitoring",
            stdout=output,
            stderr=output,
        )


def _wait(
    name: str, url: str, process: subprocess.Popen[bytes], log: Path, check: Callable[[], None]
) -> None:
    end, because = time.monotonic() + READY_WITHIN, "it never answered"
    while time.monotonic() < end:
        check()
        if process.poll() is not None:
            because = f"it ended with {process.returncode}"
            break
        try:
            if httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK:
                return
            because = "it answers, but is not ready"
        except httpx.HTTPError as error:
            because = str(error)
        time.sleep(POLL)
    said = log.read_text(errors="replace").strip().splitlines()[-2:]
    raise TargetError(f"{name} is not ready: {because}; {' | '.join(said)}")
