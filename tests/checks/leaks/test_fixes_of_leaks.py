"""What to fix after a leak is a setting of the route that leaks, or advice."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from chaos.checks.finding import Finding, Outcome
from chaos.checks.fixes import fixes
from chaos.checks.leaks import leaks
from chaos.record.manifest import Cure, Manifest

CURES = [
    Cure("leaks.files", "{every: 1}", "read: a log is never closed", "null", ""),
    Cure("leaks.sessions", "{every: 1}", "export: returns its session too late", "null", ""),
    Cure("leaks.responses", "{every: 1}", "complete: a client per request", "null", ""),
]


def leak(route: str, resource: str) -> Finding:
    evidence = {"route": route, "resource": resource}
    return Finding(
        f"{resource} of {route}",
        Outcome.FAIL,
        1.0,
        0.0,
        "count",
        f"{resource} grows",
        evidence,
        check=leaks.NAME,
    )


def test_the_setting_is_that_of_the_route_that_leaks() -> None:
    found = [
        leak("read", "descriptors:file"),
        leak("complete", "descriptors:socket"),
        leak("read", "entries"),
    ]
    told = fixes(found, [], cast(Manifest, SimpleNamespace(cures=CURES)))
    assert [each.what.partition(":")[0] for each in told] == [
        "leaks.files",
        "leaks.responses",
        "Release what each request takes",
    ]
