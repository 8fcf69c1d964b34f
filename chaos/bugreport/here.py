"""Describe this machine for a maintainer: versions, settings, doctor output."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, entry_points, requires, version
from pathlib import Path
from typing import Any

from chaos import engine
from chaos.errors import MidnightError
from chaos.tools import doctor

_DISTRIBUTION = "midnight-chaos"
_KINDS = ("faults", "targets", "checks", "sources", "reports")
_SETTINGS = (
    "MIDNIGHT_",
    "XDG_STATE_HOME",
    "XDG_CACHE_HOME",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "TOXIPROXY_URL",
)
_ENGINE = ("Version", "ApiVersion", "Os", "Arch", "KernelVersion")


def versions() -> dict[str, Any]:
    return {
        "midnight": _version(_DISTRIBUTION),
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "C library": " ".join(platform.libc_ver()),
        "system": _system(),
        "engine": _engine(),
        "packages": {name: _version(name) for name in _packages()},
        "plug-ins": _plug_ins(),
    }


def settings() -> dict[str, str]:
    """Return the environment variables that midnight reads."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(_SETTINGS)}


def examined() -> list[dict[str, object]]:
    """Return the output of `midnight doctor --json`; a part whose check fails gives the reason."""
    found: list[dict[str, object]] = []
    for part in doctor.PARTS:
        try:
            found.append(doctor.record(part, part.find()))
        except Exception as error:  # whatever is wrong here belongs in the report
            found.append({"found": False, "part": part.NAME, "failed": f"{type(error).__name__}: {error}"})
    return found


def _packages() -> list[str]:
    try:
        needed = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:
        return []
    return sorted({re.split(r"[^\w.-]", each, maxsplit=1)[0] for each in needed if "dev" not in each})


def _plug_ins() -> dict[str, str]:
    """What is registered and not midnight's own: where each comes from."""
    points = [point for kind in _KINDS for point in entry_points(group=f"midnight.{kind}")]
    return {
        point.name: f"{point.value}, {point.dist.name} {point.dist.version}"
        for point in points
        if point.dist is not None and point.dist.name != _DISTRIBUTION
    }


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _system() -> str | None:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME")
    except OSError:
        return None


def _engine() -> dict[str, Any] | str:
    try:
        said = engine.ping(engine.find())
    except MidnightError as error:
        return str(error)
    return {name: said.get(name) for name in _ENGINE}


def home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None
