"""Who uses a served disk, by names that its owner knows."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from chaos import engine
from chaos.errors import MidnightError
from chaos.host import mounting
from chaos.host.disk.users import User, users_of


def named(path: Path) -> list[str]:
    """Processes and containers that use the file system mounted at `path`, as far as this user may see them."""
    device = next((each.device for each in reversed(list(mounting.mounts())) if each.at == path), None)
    found = users_of(device) if device is not None else []
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
