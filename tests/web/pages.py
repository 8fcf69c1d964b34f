"""The pages as an ASGI client sees them, and a run in progress to look at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from chaos.record import store
from chaos.record.store import RunDir
from chaos.schedule.launch import MIDNIGHT
from chaos.web.acting import Acting
from chaos.web.app import application
from chaos.web.memory import Memory
from chaos.web.timetable import Timetable
from chaos.web.tokens import Tokens


class Site:
    """One server's pages; every request is answered in this process."""

    def __init__(
        self,
        schedules: Path = Path("no-such-schedules.yaml"),
        tokens: Tokens | None = None,
        command: tuple[str, ...] = MIDNIGHT,
    ) -> None:
        self.said: list[str] = []
        timetable = Timetable(schedules)
        acting = Acting(tokens, timetable, command) if tokens is not None else None
        self._app = application(Memory(self.said.append), timetable, acting=acting)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.ask("GET", path, **given)

    def ask(self, method: str, path: str, host: str = "127.0.0.1:8642", **given: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
                return await client.request(method, path, **given)

        return asyncio.run(asked())


def began(name: str = "night", about: Mapping[str, Any] | None = None) -> RunDir:
    """A run that has begun, listed as not healed; whoever holds its lock plays it."""
    run = store.create_run(name)
    manifest = {
        "version": 2,
        "id": run.id,
        "experiment": {"name": name},
        "target": {"name": "shop"},
        "profile": None,
        "started": "2026-11-01T00:00:00+00:00",
        **(about or {}),
    }
    run.run_file.write_text(json.dumps(manifest))
    run.events.write_text(json.dumps({"version": 2}) + "\n")
    run.lock.touch()
    store.mark_unhealed(run)
    return run


def write(run: RunDir, name: str, phase: str = "ready", at: float = 1.0) -> None:
    event = {"at": at, "source": "target", "name": name, "phase": phase, "detail": {}}
    with run.events.open("a") as file:
        file.write(json.dumps(event) + "\n")
