"""The API's own gauges, from the metrics that its workers publish."""

from __future__ import annotations

import re

import httpx

from chaos.access import trust
from chaos.sampling.source import Gauges

_LINE = re.compile(r"^reference_(\w+?)(?:\{([^}]*)\})? ([0-9.eE+-]+)$", re.M)
_SUMMED = {
    "pool_size",
    "pool_checked_out",
    "pool_busiest",
    "pool_waiters",
    "pool_waits_timed_out_total",
    "in_flight",
    "retries_total",
    "requests_total",
    "log_lines_total",
    "log_lines_dropped_total",
    "log_queue_depth",
    "cache_entries",
}
_BREAKER = "breaker_state"
_NAME = re.compile(r'name="([^"]+)"')


class ApiSource:
    """Reads the exporter, which answers although every worker is stuck."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.Client(timeout=1.0, trust_env=False, verify=trust.trust(url))

    def read(self) -> Gauges:
        try:
            return parse(self._client.get(self._url).raise_for_status().text)
        except httpx.HTTPError:
            return {}

    def close(self) -> None:
        self._client.close()


def parse(text: str) -> Gauges:
    """Prometheus text -> gauges of source `api`: series of one name summed, breakers by name (the worst)."""
    gauges: Gauges = {}
    for name, labels, value in _LINE.findall(text):
        if name in _SUMMED:
            key = ("api", name.removesuffix("_total"))
            gauges[key] = gauges.get(key, 0.0) + float(value)
        elif name == _BREAKER and (which := _NAME.search(labels)):
            key = ("api", f"{_BREAKER}_{which[1]}")
            gauges[key] = max(gauges.get(key, 0.0), float(value))
    return gauges
