"""Files that a target's requests are made from: read before anything is touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chaos.errors import FileError
from chaos.load import rows
from chaos.spec.request import Request
from chaos.spec.routes import IN_ONE_LINE
from chaos.spec.target import Target
from chaos.spec.units import show_size
from chaos.spec.userfile import why_not_regular
from chaos.spec.yamlfile import Where

LARGEST = 64_000_000  # bytes of an upload: each request carries it


def mistakes(at: Where, target: Target) -> Iterator[FileError]:
    """An error for each file that is missing or cannot be used. That of a row is in the file of rows."""
    for index, call in enumerate(target.session):
        yield from _of_upload(at.under("session", index), call)
    for name, route in target.routes.items():
        here = at.under("routes", name)
        yield from _of_upload(here, route)
        if route.rows is None:
            continue
        if not route.rows.exists():
            yield here.under("rows").broken("no such file", str(route.rows))
            continue
        try:
            rows.read(route.rows, route.columns(), route.columns(IN_ONE_LINE))
        except FileError as error:
            yield from error.each


def _of_upload(at: Where, request: Request) -> Iterator[FileError]:
    path = request.file.path if request.file is not None else None
    if path is not None and (why := _unusable(path)) is not None:
        yield at.under("file", "path").broken(why, str(path))


def _unusable(path: Path) -> str | None:
    if not path.exists():
        return "no such file"
    if (why := why_not_regular(path)) is not None:
        return why
    if path.stat().st_size > LARGEST:
        return f"is larger than {show_size(LARGEST)}"
    try:
        path.open("rb").close()
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    return None
