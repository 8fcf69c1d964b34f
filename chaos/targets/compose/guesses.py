"""Which service may have which role, to begin a target file with. A run never guesses."""

from __future__ import annotations

from typing import Any

from chaos.engine.projects import Found

_MARKS = {"database": ("postgres",), "proxy": ("toxiproxy", "midnight/proxy")}


def roles(there: list[Found]) -> dict[str, str]:
    """Service by role, where one alone looks like it."""
    guessed = {}
    for role, marks in _MARKS.items():
        alike = [each.service for each in there if any(mark in each.image for mark in marks)]
        if len(alike) == 1:
            guessed[role] = alike[0]
    others = [each.service for each in there if each.service not in guessed.values() and each.ports]
    return guessed | ({"api": others[0]} if len(others) == 1 else {})


def target_file(project: str, there: list[Found]) -> dict[str, Any]:
    """The document of a target file, with what has to be filled in written in capitals."""
    found = roles(there)
    options: dict[str, Any] = {"project": project, "api": {"service": found.get("api", "SERVICE")}}
    options |= {role: {"service": service} for role, service in found.items() if role != "api"}
    return {
        "name": project.lower(),
        "driver": "compose",
        "consent": {"owner": "WHO AGREED", "until": "DATE"},
        "ready": "/",
        "routes": {"read": {"path": "/"}},
        "options": options,
    }
