"""Read and write files of a container without a shell in it."""

from __future__ import annotations

import base64
import io
import json
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.engine.client import connected
from chaos.errors import ControlError
from chaos.plugin.handles import ContainerRef

if TYPE_CHECKING:
    from docker.models.containers import Container

_LINKS = 8  # of one file, followed
_DIRECTORY, _LINK = 1 << 31, 1 << 27  # in the mode, as the engine writes it


@dataclass(frozen=True, slots=True)
class Facts:
    directory: bool
    executable: bool  # by someone


def stat(found: Container, path: str) -> Facts | None:
    """The file at a path of a container, links followed; None: the engine shows none. Raises ControlError."""
    assert found.client is not None
    api = found.client.api
    url = f"{api.base_url}/v{api.api_version}/containers/{found.id}/archive"
    for _ in range(_LINKS):
        answer = api.head(url, params={"path": path}, timeout=api.timeout)
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise ControlError(f"{path} of {found.name}: the engine answers {answer.status_code}")
        said = json.loads(base64.b64decode(answer.headers["X-Docker-Container-Path-Stat"]))
        mode = int(said["mode"])
        if not mode & _LINK:
            return Facts(bool(mode & _DIRECTORY), bool(mode & 0o111))
        path = str(said["linkTarget"])  # absolute, as the engine resolves it
    return None


def fetch(ref: ContainerRef, path: str, into: Path) -> None:
    """Copy a directory of a container, running or not, below `into`. Raises ControlError."""
    with connected(ref.engine, timeout=120.0) as client, tempfile.TemporaryFile() as archive:
        chunks, _ = client.api.get_archive(ref.id, path)
        for chunk in chunks:
            archive.write(chunk)
        archive.seek(0)
        with tarfile.open(fileobj=archive) as files:
            files.extractall(into, filter="data")


def put(found: Container, contents: Mapping[str, bytes]) -> None:
    """Write files into a container, running or not, readable by everyone in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for place, content in contents.items():
            entry = tarfile.TarInfo(place.lstrip("/"))
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    if contents:
        found.put_archive("/", buffer.getvalue())
