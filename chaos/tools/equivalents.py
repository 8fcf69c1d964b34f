"""Images built from this machine's programs, for use without a registry. Paths inside match the official images, so
the Compose file works with either.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from chaos.errors import ToolMissing
from chaos.spec import named_files
from chaos.tools import logrotate, postgresql, toxiproxy
from chaos.tools.closure import Closure
from chaos.tools.command import which

_SHELL = (
    *("sh", "bash", "cat", "chmod", "chown", "cp", "dirname", "echo", "env", "gzip", "id", "kill", "ls"),
    *("mkdir", "mv", "printf", "rm", "setpriv", "sleep", "test", "true"),
)
_PACKAGES = "/opt/packages"
_POSTGRES_USER = 999  # as in the official image
# Replaces the program of that name: a health check only needs to know that the server answers.
_CLI = b"#!/bin/bash\nexec 3<>/dev/tcp/127.0.0.1/8474\n"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A file system and the image's run configuration; `of` names its source."""

    files: Closure
    changes: tuple[str, ...]
    of: str


def postgres() -> Equivalent:
    """Raises ToolMissing."""
    found = postgresql.installation()
    files = _shell()
    top = Path(os.path.commonpath([found.bin.parent, *([found.libraries.parent] if found.libraries else [])]))
    for tree in (found.bin.parent, *([found.libraries] if found.libraries else [])):
        files.tree(tree, f"/opt/postgresql/{tree.relative_to(top)}".rstrip("/."))
    script = compose_folder() / "postgres-entrypoint.sh"
    files.file("/usr/local/bin/docker-entrypoint.sh", script.read_bytes(), 0o755)
    files.file("/etc/passwd", _passwd(f"postgres:x:{_POSTGRES_USER}:{_POSTGRES_USER}::/tmp:/bin/sh"))
    files.file("/etc/group", f"root:x:0:\npostgres:x:{_POSTGRES_USER}:\n".encode())
    files.directory("/var/lib/postgresql/data", 0o755, _POSTGRES_USER)
    binaries = f"/opt/postgresql/{found.bin.relative_to(top)}"
    changes = (
        f"ENV PATH={binaries}:/usr/local/bin:/usr/bin:/bin PGDATA=/var/lib/postgresql/data LC_ALL=C.UTF-8 TZ=UTC",
        'ENTRYPOINT ["/usr/local/bin/docker-entrypoint.sh"]',
        'CMD ["postgres"]',
    )
    return Equivalent(files, changes, f"PostgreSQL {found.version}, {found.source}")


def proxy() -> Equivalent:
    """Raises ToolMissing."""
    program, files = toxiproxy.find_binary(), _shell()
    files.program(program)
    files.file("/toxiproxy", program.read_bytes(), 0o755)
    files.file("/toxiproxy-cli", _CLI, 0o755)
    files.file("/etc/passwd", _passwd())
    changes = ("ENV PATH=/usr/bin:/bin", 'ENTRYPOINT ["/toxiproxy"]')
    return Equivalent(files, changes, f"{program.name}, this machine's")


def python() -> Equivalent:
    """Python with the stack's packages as they are installed here, pip and logrotate. Raises ToolMissing."""
    files, library = _shell(), Path(os.__file__).parent
    program = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    files.program(program)
    files.tree(library)
    files.link("/usr/local/bin/python", str(program))
    for name in sorted(_needed()):
        _add_package(files, name)
    files.program(logrotate.find_binary())
    files.file("/etc/passwd", _passwd())
    files.file("/etc/group", b"root:x:0:\n")
    path = f"/usr/local/bin:{program.parent}:/usr/sbin:/usr/bin:/bin"
    changes = (f"ENV PATH={path} PYTHONPATH={_PACKAGES} LC_ALL=C.UTF-8 TZ=UTC", 'CMD ["python"]')
    return Equivalent(files, changes, f"Python {sys.version.split()[0]}, this machine's")


MAKERS: Mapping[str, Callable[[], Equivalent]] = {"postgres": postgres, "toxiproxy": proxy, "python": python}


def compose_folder() -> Path:
    """The directory of the stack's Compose file and of its images' sources."""
    return named_files.shipped("targets") / "compose"


def _shell() -> Closure:
    files = Closure()
    for name in _SHELL:
        if (program := which(name)) is not None:
            files.program(program)
    return files


def _passwd(*more: str) -> bytes:
    return "".join(f"{line}\n" for line in ("root:x:0:0:root:/root:/bin/sh", *more)).encode()


def _needed() -> set[str]:
    """The packages of the stack's requirements and all that they need here."""
    wanted = ["pip", "psycopg-binary"]
    for line in (compose_folder() / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            wanted.append(_name(line))
    found: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        try:
            asked = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # for another system, or an extra not requested
        found.add(name)
        wanted += [_name(each) for each in asked if "extra ==" not in each]
    return found


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower()


def _add_package(files: Closure, name: str) -> None:
    package = distribution(name)
    for top in sorted(_tops(package.files or ())):
        place = Path(str(package.locate_file(top)))
        if place.is_dir():
            files.tree(place, f"{_PACKAGES}/{top}")
        elif place.is_file():
            files.file(f"{_PACKAGES}/{top}", place.read_bytes())
    if not package.files:
        raise ToolMissing(name, "its files are not recorded", "install it with pip")


def _tops(paths: object) -> Iterator[str]:
    """The top-level names of a package's files, except those outside the packages' directory."""
    assert hasattr(paths, "__iter__")
    yield from {path.parts[0] for path in paths if path.parts[0] not in {"..", "__pycache__"}}
