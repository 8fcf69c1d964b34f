"""The parts of the running stack as handles."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos.access.secrets import SecretReader
from chaos.host.processes import ref_of
from chaos.plugin.handles import Database, Job, LogFiles, ProcessRef, Proxy
from chaos.spec.units import seconds
from chaos.targets.embedded.at_start import monitoring
from chaos.targets.embedded.layout import ROLES, Layout
from chaos.targets.embedded.options import EmbeddedOptions, RotationProfile

if TYPE_CHECKING:
    from chaos.targets.embedded.services import Parts


def addresses(layout: Layout, options: EmbeddedOptions) -> dict[str, str]:
    """URLs by name."""
    watched = monitoring.addresses(layout) if options.monitoring else {}
    return {"metrics": f"{layout.url('metrics')}/metrics", **watched}


def processes(parts: Parts) -> dict[str, tuple[ProcessRef, ...]]:
    """The first process of each role that runs."""
    running = {"api": parts.api, "proxy": parts.proxy}
    found = {role: (ref_of(child.pid),) for role, child in running.items() if child is not None}
    return {**found, "database": (ref_of(parts.postmaster_pid()),)}


def primary(layout: Layout) -> Database:
    return Database(
        admin_dsn=layout.dsn("postgres"),
        dsns={role: layout.dsn(role) for role in ROLES},
        proxied=f"127.0.0.1:{layout.ports['database_proxy']}",
    )


def proxies(parts: Parts) -> dict[str, Proxy]:
    """All proxies, by name of the handle."""
    return {
        name: Proxy(
            parts.control_url,
            parts.proxy_name(name),
            f"127.0.0.1:{listen}",
            f"127.0.0.1:{to}",
            "http" if name == "model" else "postgres",
            f"127.0.0.1:{to}",
        )
        for name, listen, to in parts.proxied()
    }


def logs(layout: Layout, directory: Path, rotation: RotationProfile, line_id: str | None) -> LogFiles:
    """The stack's logs, rotated as its profile says."""
    return LogFiles(
        directory=directory,
        files=(directory / "app.log", directory / "access.log"),
        unrotated=(directory / "error.log", layout.output / "postgresql.log"),
        method=rotation.method,
        delaycompress=rotation.delaycompress,
        scheduling=rotation.scheduling,
        signal=rotation.signal,
        process="api",
        line_id=line_id,
    )


def jobs(layout: Layout, parts: Parts, options: EmbeddedOptions) -> dict[str, Job]:
    """Those of the target file, by name. `python` is the interpreter of the stack itself."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    env, secret = {**parts.environment, "PATH": path}, SecretReader()
    return {
        name: at.job({**env, **at.added(f"options: jobs: {name}", secret)}, layout.root)
        for name, at in options.jobs.items()
    }


def answers_within(api: Mapping[str, Any]) -> float | None:
    """The sum of the deadlines in a profile's part `api`; None if one is missing."""
    deadlines = [api["database_deadline"], api["outbound_timeout"]]
    if None in deadlines:
        return None
    return sum(seconds(deadline, written=False) for deadline in deadlines)
