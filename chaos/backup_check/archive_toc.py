"""What pg_restore lists about a dump before loading: versions, extensions, and its database's options."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos.host.processes import spawn, stop_child
from chaos.postgres import Installation
from chaos.tools.command import CommandFailed, output

_DATABASE = re.compile(r"Dumped from database version: (\d+)")
_CLIENT = re.compile(r"Dumped by pg_dump version: (\d+)")
_EXTENSION = re.compile(r"^\d+; \d+ \d+ EXTENSION - (\S+)", re.MULTILINE)
_CREATE = re.compile(r"^CREATE DATABASE .*? WITH (.*);$")
_OPTION = re.compile(r"\b([A-Z_]+) = ('(?:[^']|'')*'|\w+)")
# Messages of a program that is too old or built without a feature.
_UNABLE = ("unsupported version", "not support compression", "not supported by this")
_LEFT_OUT = ("TEMPLATE", "TABLESPACE", "COLLATION_VERSION")
_LIST_TIMEOUT = 60.0
_LINES = 400  # marks the end of the statement that creates the database


@dataclass(frozen=True, slots=True)
class Contents:
    """The table of contents of an archive. `unable`: why this pg_restore cannot read it, empty if it can."""

    database: int | None
    client: int | None
    extensions: tuple[str, ...]
    unable: str = ""


def read(installation: Installation, dump: Path, mark: str) -> Contents:
    """The list by the installation's pg_restore; empty if it cannot be read at all."""
    child = spawn(
        [installation.program("pg_restore"), "--list", dump],
        mark=mark,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        said = child.communicate(timeout=_LIST_TIMEOUT)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        said = ""
    finally:
        if child.poll() is None:
            stop_child(child, grace=2.0)
    unable = next((line for line in said.splitlines() if any(words in line for words in _UNABLE)), "")
    server, client = _DATABASE.search(said), _CLIENT.search(said)
    return Contents(
        int(server[1]) if server else None,
        int(client[1]) if client else None,
        tuple(_EXTENSION.findall(said)),
        re.sub(r"^pg_restore: \w+: ", "", unable),
    )


def missing(installation: Installation, extensions: tuple[str, ...]) -> list[str]:
    """Extensions that the installation lacks; none if its extension directory is unknown."""
    try:
        share = Path(output([installation.program("pg_config"), "--sharedir"]))
    except CommandFailed:
        return []
    return [name for name in extensions if not (share / "extension" / f"{name}.control").exists()]


def created_with(installation: Installation, dump: Path, mark: str) -> Mapping[str, str]:
    """The options its database was created with, such as ENCODING and LOCALE, by name and quoted as in SQL."""
    options = ["--create", "--schema-only", "--file=-"]
    child = spawn(
        [installation.program("pg_restore"), *options, dump],
        mark=mark,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    try:
        for _, line in zip(range(_LINES), child.stdout, strict=False):
            if found := _CREATE.match(line.decode(errors="replace").strip()):
                return {name: value for name, value in _OPTION.findall(found[1]) if name not in _LEFT_OUT}
        return {}
    finally:
        child.stdout.close()
        stop_child(child, grace=2.0)
