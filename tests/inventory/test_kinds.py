"""Each kind as it is read from the real thing: nothing differs by itself, and every change of a field is seen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from chaos.host.processes import ref_of
from chaos.plugin.handles import Handles
from chaos.postgres import Cluster
from chaos.record.inventory.differences import differences
from chaos.record.inventory.document import Inventory
from chaos.toxiproxy import Toxiproxy
from chaos.undo.inventory import processes, proxies, servers
from tests.postgres.servers import execute

pytestmark = pytest.mark.real

SECRET = "s3cret-token-of-the-house"


def taken(reader: Any, handles: Handles) -> Inventory:
    (source,) = reader.sources(handles)
    return Inventory({source["kind"]: reader.read(source, "run")})


def changes(reader: Any, handles: Handles, act: Callable[[], object]) -> list[str]:
    before = taken(reader, handles)
    assert list(differences(before, taken(reader, handles))) == []
    act()
    return [str(each) for each in differences(before, taken(reader, handles))]


def test_a_proxys_whole_state_is_compared(toxiproxy: Toxiproxy, handles: Handles) -> None:
    def act() -> None:
        toxiproxy.add_toxic("database", "slow", "latency", "upstream", {"latency": 1})
        toxiproxy.disable("database")

    place = f"proxy database at {toxiproxy.url}"
    assert changes(proxies, handles, act) == [
        f"{place}: enabled was True, is False",
        f"toxic slow of {place} is new",
    ]


SETTINGS = {
    "alter system set work_mem = '5MB'": "ALTER SYSTEM work_mem was not set, is 5MB",
    f"alter system set primary_conninfo = 'password={SECRET}'": "ALTER SYSTEM primary_conninfo was not set, is not",
    "alter role postgres set lock_timeout = '3s'": "in every database was not set, is ['lock_timeout=3s']",
    "alter database postgres set work_mem = '6MB'": "of every role in postgres was not set, is ['work_mem=6MB']",
    f"alter database postgres set app.token = '{SECRET}'": "every role in postgres was not set, is ['app.token=not",
    "select pg_create_physical_replication_slot('of_ours')": "slot of_ours of primary is new",
}


@pytest.mark.parametrize(("statement", "expected"), SETTINGS.items())
def test_a_servers_settings_are_compared_wherever_they_are_set_and_no_secret_is_kept(
    primary: Cluster, handles: Handles, statement: str, expected: str
) -> None:
    try:
        told = changes(servers, handles, lambda: execute(primary, statement))
        assert any(expected in each for each in told), told
        assert SECRET not in json.dumps(taken(servers, handles).things)
    finally:
        for back in (
            "alter system reset all",
            "alter role postgres reset all",
            "alter database postgres reset all",
        ):
            execute(primary, back)
        execute(primary, "select pg_drop_replication_slot(slot_name) from pg_replication_slots")


def test_a_processs_state_and_priority_are_compared() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        process = psutil.Process(child.pid)

        def act() -> None:
            process.nice(7)
            child.send_signal(signal.SIGSTOP)
            while process.status() != psutil.STATUS_STOPPED:
                os.sched_yield()

        told = changes(processes, Handles(processes={"api": (ref_of(child.pid),)}), act)
        assert told == [
            f"process api ({child.pid}): nice was 0, is 7",
            f"process api ({child.pid}): state was running, is stopped",
        ]
    finally:
        child.kill()
        child.wait()
