"""Logs that grow without bound."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.interpolation import written
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for service in estate.services:
        logging = service.pod.at("logging")
        driver = written(logging.at("driver").text, service.pod.path)
        most = logging.at("options", "max-size")
        is_bound = most.exists and written(most.text, service.pod.path) not in ("", "-1")  # Docker's default
        if driver in ("", "json-file") and not is_bound:
            node = logging if logging.exists else service.pod
            yield Found(service.item, node, f"{service.shown} keeps its log without max-size")


RULE = Rule(
    id="compose-logs-unrotated",
    severity=Severity.ERROR,
    what="a service with the log driver json-file, the default, and no max-size",
    why=(
        "Docker keeps everything that a container prints; a bad night's errors fill the disk that the "
        "database is on"
    ),
    fix="logging: {driver: json-file, options: {max-size: 50m, max-file: '5'}}, or driver: local",
    check=check,
)
