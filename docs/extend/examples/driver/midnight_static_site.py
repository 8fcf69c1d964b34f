"""A directory served by `python -m http.server`, as a target that midnight starts and stops."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from chaos.host.ports import free_port
from chaos.host.processes import ref_of, spawn, stop_marked
from chaos.plugin import (
    Driver,
    Evidence,
    Handles,
    Model,
    Positive,
    Probe,
    Site,
    Target,
    TargetError,
    Undo,
    Wants,
    no,
    yes,
)

ROLE = "api"


class StaticSiteOptions(Model):
    directory: Path
    ready_within: Positive = 10.0  # seconds


class StaticSite(Driver):
    Options = StaticSiteOptions

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        del target  # the same for every target file
        return frozenset({"base_url", f"processes.{ROLE}"})

    def __init__(
        self,
        target: Target,
        options: StaticSiteOptions,
        profile: Mapping[str, Any],
        staging: Mapping[str, float],
    ) -> None:
        super().__init__(target, options, profile, staging)
        self._options = options

    @property
    def versions(self) -> Mapping[str, str]:
        return {"http.server": f"Python {platform.python_version()} ({sys.executable})"}

    def probes(self) -> Iterator[Probe]:
        directory = self._options.directory
        if directory.is_dir():
            yield yes(f"{directory} can be served")
        else:
            yield no(f"{directory} can be served", "it is not a directory", "correct options: directory")

    def wants(self) -> Wants:
        return Wants(memory=50_000_000)

    def up(self, site: Site) -> Handles:
        port, mark = free_port(), f"{site.mark}/{ROLE}"
        argv = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
        argv += ["--directory", str(self._options.directory)]
        site.creating("http.server", {"mark": mark})  # on the disk before there is anything to undo
        server = spawn(argv, mark=mark, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        self._await_ready(url, server, site)
        return Handles(base_url=url, processes={ROLE: (ref_of(server.pid),)})

    def _await_ready(self, url: str, server: subprocess.Popen[bytes], site: Site) -> None:
        """Raises TargetError, and Aborted on Ctrl-C."""
        end = time.monotonic() + self._options.ready_within
        while True:
            site.check()
            try:
                httpx.get(url + self._target.ready, timeout=1, trust_env=False).raise_for_status()
                return
            except httpx.HTTPError as error:
                if server.poll() is not None or time.monotonic() > end:
                    raise TargetError(f"{url} is not ready: {error}") from error
            site.stopping.wait(0.05)

    def drain(self) -> None:
        """Nothing: it holds nothing back."""

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Raises UndoError for a process that does not end."""
        return {"stopped": len(stop_marked(undo["mark"], grace=2.0))}
