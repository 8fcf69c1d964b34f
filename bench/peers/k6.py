"""k6 with its constant-arrival-rate executor: an open loop in Go, scripted in JavaScript."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bench.attack import Attack, Report
from bench.peers.command import run_watched

MODULE = "go.k6.io/k6"

_SCRIPT = """\
import http from 'k6/http';
export const options = {
  scenarios: { attack: { executor: 'constant-arrival-rate', rate: %(rate)d, timeUnit: '1s',
    duration: '%(length)gs', preAllocatedVUs: %(users)d, maxVUs: %(users)d } },
  summaryTrendStats: ['p(50)', 'p(99)', 'p(99.9)'],
};
export default function () { http.get('%(url)s'); }
export function handleSummary(data) { return { '%(out)s': JSON.stringify(data.metrics) }; }
"""


@dataclass(frozen=True, slots=True)
class K6:
    program: Path
    name: str = "k6"

    def run(self, attack: Attack, place: Path) -> Report:
        script, out = place / "script.js", place / "summary.json"
        settings = {"rate": attack.rate, "length": attack.length, "users": attack.concurrency}
        script.write_text(_SCRIPT % {**settings, "url": attack.url, "out": out})
        argv: list[str | Path] = [self.program, "run", "--quiet", "--no-usage-report", "--address=", script]
        usage = run_watched(argv, place, attack.length)
        metrics = json.loads(out.read_text())
        times = metrics["http_req_duration"]["values"]
        failed = metrics["http_req_failed"]["values"]["rate"]
        sent = metrics["http_reqs"]["values"]["count"]
        return Report(
            bad=attack.count - round(sent * (1 - failed)),
            percentiles={rank: times[f"p({rank:g})"] / 1e3 for rank in (50.0, 99.0, 99.9)},
            lag=None,
            usage=usage,
        )
