"""Files of a container, read without a shell in it."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from chaos.engine.client import connected
from chaos.plugin.handles import ContainerRef


def fetch(ref: ContainerRef, path: str, into: Path) -> None:
    """Copy a directory of a container, running or not, below `into`. Raises ControlError."""
    with connected(ref.engine, timeout=120.0) as client, tempfile.TemporaryFile() as archive:
        chunks, _ = client.api.get_archive(ref.id, path)
        for chunk in chunks:
            archive.write(chunk)
        archive.seek(0)
        with tarfile.open(fileobj=archive) as files:
            files.extractall(into, filter="data")
