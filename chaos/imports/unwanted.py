"""Requests of a recording that are no load: static files, probes, metrics, bots."""

from __future__ import annotations

import re
from functools import lru_cache

STATIC, HEALTH, METRICS, BOT = "static files", "health checks", "metrics", "bots"
PREFLIGHT = "OPTIONS (a browser's preflights)"

_STATIC = re.compile(
    r"\.(?:css|m?js|map|png|jpe?g|gif|svg|ico|webp|avif|bmp|woff2?|ttf|otf|eot|mp[34]|webm|ogg|wasm"
    r"|webmanifest)$|/(?:favicon\.ico|robots\.txt|sitemap[\w-]*\.xml|ads\.txt)$|^/\.well-known/",
    re.IGNORECASE,
)
_HEALTH = re.compile(
    r"/(?:_?_?health(?:[-_]?checks?|z)?|live(?:z|ness)?|ready(?:z|ness)?|readiness|startup|startupz|ping|_ping"
    r"|heartbeat|__heartbeat__|__lbheartbeat__|alive|up|nginx-health)/?$|/health/[a-z]+/?$|^/actuator/health",
    re.IGNORECASE,
)
_METRICS = re.compile(
    r"^/(?:metrics|stats/prometheus|actuator|nginx_status|stub_status|server-status|basic_status|fpm-status)"
    r"(?:/|$)|/metrics/?$",
    re.IGNORECASE,
)
_CHECKING = re.compile(
    r"kube-probe|healthcheck|health check|googlehc|uptime|pingdom|statuscake|site24x7|nagios|check_http"
    r"|datadog|newrelic|zabbix|blackbox",
    re.IGNORECASE,
)
_BOT = re.compile(
    r"bot\b|bot[/;-]|crawl|spider|slurp|facebookexternalhit|mediapartners|censys|zgrab|masscan|nmap|nikto|sqlmap"
    r"|l9explore|expanse|ahrefs|semrush|bytespider|gptbot|scrapy",
    re.IGNORECASE,
)


def why(method: str, path: str, agent: str = "") -> str | None:
    """Why a request is left out of the load; None if it belongs to it."""
    if method == "OPTIONS":
        return PREFLIGHT
    if method in ("GET", "HEAD"):
        if _STATIC.search(path):
            return STATIC
        if _METRICS.search(path):
            return METRICS
        if _HEALTH.search(path):
            return HEALTH
        return _of_agent(agent)
    return _of_agent(agent) if _BOT.search(agent) else None


@lru_cache(maxsize=4096)
def _of_agent(agent: str) -> str | None:
    if "prometheus" in agent.lower():
        return METRICS
    if _CHECKING.search(agent):
        return HEALTH
    return BOT if _BOT.search(agent) else None
