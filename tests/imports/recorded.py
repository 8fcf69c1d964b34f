"""Recordings made by a test, and what the command writes from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chaos.imports import importing
from chaos.imports.imported import Imported, ImportedRoute
from chaos.spec import target
from chaos.spec.target import Target

RECORDINGS = Path(__file__).parent / "recordings"
BASE = "http://127.0.0.1:8000"


def entry(
    method: str = "GET",
    url: str = f"{BASE}/items",
    status: int = 200,
    headers: dict[str, str] | None = None,
    body: tuple[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One entry of a HAR; `body` is its media type and text."""
    listed = [{"name": name, "value": value} for name, value in (headers or {}).items()]
    posted = {} if body is None else {"postData": {"mimeType": body[0], "text": body[1]}}
    request = {"method": method, "url": url, "headers": listed, "cookies": [], **posted}
    answer = {"status": status, "content": {"mimeType": "application/json"}}
    return {"startedDateTime": "2026-11-27T00:00:00Z", "request": request, "response": answer, **more}


def har(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}))
    return path


def routes(imported: Imported) -> dict[tuple[str, str], ImportedRoute]:
    return {route.key: route for route in imported.routes}


def loaded(imported: Imported, path: Path) -> Target:
    """The target file that is written, as midnight loads it."""
    importing.write(path, importing.target(imported, 500, path).text)
    return target.load(path)
