"""Prometheus, Alertmanager and node_exporter of a team, each a real process with intervals of one second."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from chaos.host.ports import free_port
from chaos.paging import receiver

PROGRAMS = {
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "node_exporter": ("prometheus-node-exporter", "node_exporter"),
    "blackbox_exporter": ("prometheus-blackbox-exporter", "blackbox_exporter"),
}
RULES = """\
groups:
  - name: planted
    interval: 1s
    rules:
      - {{alert: ExporterDown, expr: 'up{{job="node"}} == 0', for: {wait}, labels: {{severity: page}}}}
      - {{alert: AlwaysOn, expr: vector(1), labels: {{severity: info}}}}
      - {{alert: NeverOn, expr: 'vector(1) > 2', labels: {{severity: page}}}}
      - {{alert: PoolFull, expr: 'pool_used / pool_max > 0.8', for: 1s, labels: {{severity: ticket}}}}
  - name: apart                     # which Prometheus evaluates at another instant of each second
    interval: 1s
    rules:
      - {{alert: PoolFullForLong, expr: 'pool_used / pool_max > 0.8', for: 3s, labels: {{severity: ticket}}}}
"""
SCRAPING = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yaml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
scrape_configs:
  - {{job_name: service, static_configs: [{{targets: ["{service}"]}}]}}
  - {{job_name: node, static_configs: [{{targets: ["127.0.0.1:{node_exporter}"]}}]}}
"""
ROUTING = """\
route:
  receiver: nobody
  group_wait: 1s
  group_interval: 1s
  routes:
    - {{receiver: midnight, matchers: ['{matcher}'], group_wait: 0s, group_interval: 1s}}
receivers:
  - name: nobody
  - {{name: midnight, webhook_configs: [{{url: "{url}", send_resolved: true}}]}}
"""


def program(name: str) -> str:
    """The path of a program; the test is skipped without it."""
    found = next(filter(None, map(shutil.which, PROGRAMS[name])), None)
    if found is None:
        pytest.skip(f"{name} is not on PATH: install the package {PROGRAMS[name][0]}")
    return found


class Monitoring:
    """Started by `up`, gone after `down`."""

    def __init__(
        self,
        place: Path,
        *,
        wait: str = "1s",
        matcher: str = 'severity="page"',
        service: str = "127.0.0.1:1",
    ) -> None:
        self._place, self._wait, self._matcher, self._service = place, wait, matcher, service
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports = {name: free_port() for name in (*PROGRAMS, "receiver")}

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def rules(self) -> Path:
        return self._place / "rules.yaml"

    @property
    def keys(self) -> str:
        """What the target file says of it."""
        manager = f"{{url: '{self.url('alertmanager')}', receiver: {self.ports['receiver']}}}"
        return f"prometheus: {{url: '{self.url('prometheus')}'}}\nalertmanager: {manager}\n"

    def up(self) -> None:
        place = self._place
        place.mkdir(parents=True)
        self.rules.write_text(RULES.format(wait=self._wait))
        (place / "prometheus.yaml").write_text(SCRAPING.format(**self.ports, service=self._service))
        routing = ROUTING.format(matcher=self._matcher, url=receiver.url(self.ports["receiver"]))
        (place / "alertmanager.yaml").write_text(routing)
        listen = {name: f"127.0.0.1:{port}" for name, port in self.ports.items()}
        exporter = ("--collector.disable-defaults", "--collector.loadavg")
        self._start("node_exporter", f"--web.listen-address={listen['node_exporter']}", *exporter)
        self._start(
            "alertmanager",
            f"--config.file={place / 'alertmanager.yaml'}",
            f"--storage.path={place / 'alerts'}",
            f"--web.listen-address={listen['alertmanager']}",
            "--cluster.listen-address=",
        )
        self._start(
            "prometheus",
            f"--config.file={place / 'prometheus.yaml'}",
            f"--storage.tsdb.path={place / 'tsdb'}",
            f"--web.listen-address={listen['prometheus']}",
        )
        self._answers("alertmanager", "/-/ready")
        self._answers("prometheus", "/-/ready")
        self._answers("prometheus", "/api/v1/query?query=up==1", lambda said: bool(said["data"]["result"]))

    def _start(self, name: str, *arguments: str) -> None:
        with (self._place / f"{name}.log").open("wb") as log:
            argv = [program(name), *arguments]
            self._processes[name] = subprocess.Popen(argv, stdout=log, stderr=log, cwd=self._place)

    def _answers(self, name: str, path: str, is_so: Callable[[Any], bool] = bool) -> None:
        """Wait until it does; its log is the reason if it does not."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._processes[name].poll() is None:
            with suppress(OSError), urllib.request.urlopen(self.url(name) + path, timeout=5) as answer:
                text = answer.read()
                if is_so(json.loads(text) if text[:1] == b"{" else text):
                    return
            time.sleep(0.1)  # no event: another program's start
        pytest.fail(f"{name} is not ready: {(self._place / f'{name}.log').read_text()[-2000:]}")

    def stop(self, name: str) -> None:
        process = self._processes.pop(name)
        process.kill()
        process.wait(10)

    def down(self) -> None:
        for name in list(self._processes):
            self.stop(name)
