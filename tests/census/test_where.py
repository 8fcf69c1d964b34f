"""`compose:PROJECT/SERVICE` leads to the processes of a service's containers, where this machine's /proc has them."""

from __future__ import annotations

import math
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from chaos.census import where
from chaos.engine.projects import Found
from chaos.errors import UsageError
from chaos.plugin.handles import ContainerRef, EngineAt

ID = "f00d" * 16
REF = ContainerRef(EngineAt("tcp://engine:2376"), ID, "shop-api-1")


def container(service: str, status: str = "running") -> Found:
    return Found(service, f"shop-{service}-1", ID, "shop", status, False, {}, {}, {}, {})


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An engine with one project; `pids` are those that it lists for each container, `here` those of this machine. The
    container runs `until` so many looks at it."""
    planted: dict[str, Any] = {"containers": [], "pids": [], "here": set(), "looks": 0, "until": math.inf}

    @contextmanager
    def connected(_: EngineAt) -> Iterator[Any]:
        top = {
            "Titles": ["UID", "PID", "CMD"],
            "Processes": [["0", str(pid), "x"] for pid in planted["pids"]],
        }

        def inspected(_: str) -> dict[str, Any]:
            planted["looks"] += 1
            runs = planted["pids"] and planted["looks"] <= planted["until"]
            return {"State": {"Pid": planted["pids"][0] if runs else 0}}

        yield SimpleNamespace(api=SimpleNamespace(top=lambda _: top, inspect_container=inspected))

    monkeypatch.setattr("chaos.engine.find", lambda: EngineAt("tcp://engine:2376"))
    monkeypatch.setattr("chaos.engine.ping", lambda _: {})
    monkeypatch.setattr(where, "connected", connected)
    monkeypatch.setattr("chaos.engine.projects.of_project", lambda *_: planted["containers"])
    monkeypatch.setattr("chaos.engine.projects.known", lambda _: ["shop"])
    monkeypatch.setattr(
        "chaos.engine.cgroups.Cgroup.of", lambda pid, _: "group" if pid in planted["here"] else None
    )
    return planted


def test_every_process_that_the_engine_lists_is_found(engine: dict[str, Any]) -> None:
    with subprocess.Popen(["sleep", "600"]) as first, subprocess.Popen(["sleep", "600"]) as executed:
        engine |= {"containers": [container("api"), container("db")], "pids": [first.pid, executed.pid]}
        engine["here"] = {first.pid, executed.pid}
        assert [each.pid for each in where.roots("compose:shop/api")] == [first.pid, executed.pid]
        first.kill()
        executed.kill()


SHELL = ["sh", "-c", "sleep 600 & echo $!; wait"]


def test_the_service_in_a_container_is_its_first_process_with_descendants_and_no_health_check(
    engine: dict[str, Any],
) -> None:
    with (
        subprocess.Popen(SHELL, stdout=subprocess.PIPE, text=True) as first,
        subprocess.Popen(["sleep", "600"]) as check,
    ):
        assert first.stdout is not None
        child = int(first.stdout.readline())
        engine |= {"pids": [first.pid, child, check.pid], "here": {first.pid, child, check.pid}}
        assert [each.pid for each in where.service_in(REF)] == [first.pid, child]
        os.kill(child, signal.SIGKILL)
        first.kill()
        check.kill()


def test_in_a_container_that_does_not_run_there_is_no_service(engine: dict[str, Any]) -> None:
    assert not engine["pids"] and where.service_in(REF) == []


def test_a_container_that_ends_between_two_looks_is_not_said_to_be_elsewhere(engine: dict[str, Any]) -> None:
    with subprocess.Popen(["sleep", "600"]) as first:
        engine |= {"pids": [first.pid], "until": 1}
        assert where.service_in(REF) == []
        first.kill()


def test_the_service_of_a_container_on_another_machine_is_not_seen(engine: dict[str, Any]) -> None:
    with subprocess.Popen(["sleep", "600"]) as stranger:
        engine["pids"] = [stranger.pid]
        with pytest.raises(UsageError, match="shop-api-1 are not seen in this machine's /proc"):
            where.service_in(REF)
        stranger.kill()


def test_a_pid_of_another_machine_is_not_taken_for_one_of_this(engine: dict[str, Any]) -> None:
    with subprocess.Popen(["sleep", "600"]) as stranger:
        engine |= {"containers": [container("api")], "pids": [stranger.pid]}
        with pytest.raises(UsageError, match="tcp://engine:2376 runs them in another machine"):
            where.roots("compose:shop/api")
        stranger.kill()


@pytest.mark.parametrize(
    ("containers", "name", "said"),
    [
        ([], "compose:shop/api", "no Compose project 'shop' on tcp://engine:2376; there are: shop"),
        ([container("api"), container("db")], "compose:shop/web", "has no service 'web'; it has: api, db"),
        ([container("api", "exited")], "compose:shop/api", "docker compose -p shop up -d api"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(
    engine: dict[str, Any], containers: list[Found], name: str, said: str
) -> None:
    engine["containers"] = containers
    with pytest.raises(UsageError) as error:
        where.roots(name)
    assert said in str(error.value)
    assert len(str(error.value)) <= 290


def test_a_family_has_each_process_once(hoard: Any) -> None:
    assert where.family([hoard.ref, hoard.ref]) == [hoard.ref]
