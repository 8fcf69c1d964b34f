"""The inventory of containers and of their files, on a real engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.engine import sidecar
from chaos.plugin.handles import Handles, LogFiles
from chaos.record.inventory.differences import Difference, differences
from chaos.record.inventory.document import Inventory
from chaos.undo.inventory import containers, files
from tests.docker.acting import made, played
from tests.docker.conftest import Victim

pytestmark = pytest.mark.real


def handles(victim: Victim) -> Handles:
    nowhere = Path("/nowhere")
    logs = LogFiles(nowhere, (nowhere / "app.log",), "copytruncate", False, "normal", None, "api")
    return Handles(
        containers={"api": (victim.ref,)}, logs=replace(logs, container=victim.ref, inside=Path("/data"))
    )


def taken(victim: Victim) -> Inventory:
    found: dict[str, dict[str, Any]] = {}
    for reader in (containers, files):
        for source in reader.sources(handles(victim)):
            found.setdefault(source["kind"], {}).update(reader.read(source, victim.name))
    return Inventory(found)


def changes(victim: Victim, act: Callable[[], object]) -> list[Difference]:
    before = taken(victim)
    act()
    return [each for each in differences(before, taken(victim)) if not each.field.startswith("~")]


@pytest.mark.parametrize(
    "name",
    [
        "stop",
        *(
            pytest.param(name, marks=pytest.mark.full)
            for name in ("partition", "pause", "restart", "cpu_limit", "memory_limit")
        ),
    ],
)
def test_a_fault_that_is_undone_leaves_nothing_but_what_is_noted(victim: Victim, name: str) -> None:
    params = (
        {"grace": 0} if name in ("stop", "restart") else {"stress": False} if name == "memory_limit" else {}
    )
    left = changes(victim, lambda: played(made(name, victim, **params), 0.1))
    # the engine publishes a port that nobody has fixed on another one, and that is said
    assert {each.field for each in left} <= {"published ports"}


def test_the_inventory_reports_every_change_that_would_have_to_be_put_back(victim: Victim) -> None:
    def act() -> None:
        victim.container.update(mem_limit=128 * 2**20, memswap_limit=128 * 2**20)
        victim.network.disconnect(victim.container)
        victim.network.connect(victim.container, aliases=["another"])
        victim.container.pause()

    told = {each.field for each in changes(victim, act)}
    assert {"Memory", "MemorySwap", "limit of the kernel: memory", "status", f"network {victim.name}"} <= told
    victim.container.unpause()


def test_a_lost_archive_and_a_container_made_by_midnight_are_reported(victim: Victim) -> None:
    victim.container.exec_run(["sh", "-c", "echo now > /data/app.log; echo then > /data/app.log.1"])
    mark = f"{victim.name}/left"

    def act() -> None:
        victim.container.exec_run(["rm", "/data/app.log.1"])
        sidecar.start(victim.ref, "chaos.host.filler", mark, running=False).close()

    try:
        lost, ours = (str(each) for each in changes(victim, act))
        assert lost == f"{victim.name}:/data/app.log.1: is gone, and its former content no longer exists"
        assert ours.startswith("container midnight-") and ours.endswith("created by midnight, is new")
    finally:
        sidecar.remove(victim.ref.engine, mark)
