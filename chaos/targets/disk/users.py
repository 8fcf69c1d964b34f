"""Who uses a served disk, by names that its owner knows."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from chaos import engine
from chaos.errors import MidnightError
from chaos.host.disk import own
from chaos.host.disk.layout import Layout
from chaos.host.disk.users import User, users_of


def named(file: Path, path: Path) -> list[str]:
    """Processes and containers that use the disk of image `file` at `path`, as far as this user may see them."""
    mine = own.mount_at(Layout(file), path)
    found = users_of(mine.device) if mine is not None else []
    names = _names(each.container for each in found if each.container)
    return [_named(each, names) for each in found]


def _named(user: User, names: dict[str, str]) -> str:
    if user.container:
        return f"container {names.get(user.container, user.container[:12])}"
    return f"{user.name} (pid {user.pid})"


def _names(containers: Iterable[str]) -> dict[str, str]:
    """The names of containers by id; none without an engine."""
    wanted, found = set(containers), dict[str, str]()
    with suppress(MidnightError):  # their ids suffice
        if wanted:
            with engine.connected(engine.find()) as client:
                found = {str(each.id): str(each.name) for each in client.containers.list(all=True)}
    return {id: name for id, name in found.items() if id in wanted}
