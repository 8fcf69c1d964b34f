"""Settings of a server: defaults of midnight's own clusters, and how to write them to a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from chaos.host.privileges import SystemUser, give
from chaos.postgres.connection import HOST

Settings: TypeAlias = Mapping[str, str | int | float | None]  # None: not said here

OURS: Settings = {
    # Nothing outside the data directory and the port, so that two clusters never interfere.
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "log_line_prefix": "%m [%p] %q%u@%d %e ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


def assignments(settings: Settings) -> str:
    """The lines of a configuration file."""
    said = [(name, value) for name, value in settings.items() if value is not None]
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in said)


def change(file: Path, settings: Settings, owner: SystemUser | None) -> None:
    """Replace `settings` in `file` atomically."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    text = "".join(line for line in lines if line.partition("=")[0].strip() not in settings)
    replacement = file.with_name(f".{file.name}.new")
    descriptor = os.open(replacement, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as output:
        output.write(text + assignments(settings))
        output.flush()
        os.fsync(output.fileno())
    give(replacement, owner)
    replacement.rename(file)


def _quoted(value: str | int | float) -> str:
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"
