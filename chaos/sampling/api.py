"""The API's own gauges, from its workers' metrics."""

from __future__ import annotations

import re

import httpx

from chaos.access import trust
from chaos.record.gauges import BREAKER_STATE, Api, Source
from chaos.sampling.source import Gauges

_LINE = re.compile(r"^reference_(\w+?)(?:\{([^}]*)\})? ([0-9.eE+-]+)$", re.M)
_COUNTERS = {Api.POOL_WAITS_TIMED_OUT, Api.RETRIES, Api.REQUESTS, Api.LOG_LINES, Api.LOG_LINES_DROPPED}
_SUMMED = {f"{gauge}_total" if gauge in _COUNTERS else str(gauge): gauge for gauge in Api}
"""Gauges by the exporter's names."""
_NAME = re.compile(r'name="([^"]+)"')


class ApiSource:
    """Reads the exporter, which answers even if every worker is stuck."""

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
        if gauge := _SUMMED.get(name):
            key: tuple[str, str] = (Source.API, gauge)
            gauges[key] = gauges.get(key, 0.0) + float(value)
        elif name == BREAKER_STATE and (which := _NAME.search(labels)):
            key = (Source.API, f"{BREAKER_STATE}_{which[1]}")
            gauges[key] = max(gauges.get(key, 0.0), float(value))
    return gauges
