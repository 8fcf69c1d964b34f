"""Under every server the witness names the planted line of each leak, and the application goes on serving."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from chaos.checks.leaks.grown import Grown, grown
from tests.waiting import wait_until
from tests.witness.served import GUNICORN, PLANTED, Served, line_of, serving

pytestmark = pytest.mark.real
LARGEST = 5_000_000

# resource and holder, by the route, whose name is the marker of the line, too
LEAKS = {
    "file": ("descriptors", ""),
    "raw": ("descriptors", ""),
    "socket": ("sockets", ""),
    "forgotten": ("forgotten", ""),
    "session": ("sessions", ""),
    "native": ("threads", ""),
    "context": ("entries", "planted.CONTEXTS"),
    "objects": ("entries", 'planted.EXTENSIONS["models"]._kept'),
    "bytes": ("entries", 'planted.EXTENSIONS["models"]._raw'),
    "greenlet": ("greenlets", ""),
    "task": ("tasks", ""),
}
BOUNDED = {
    "planted.RECENT": "at most 5 entries in each process",
    "planted.remembered": "at most 4 entries in each process",
}
THREADS = tuple(route for route in LEAKS if route not in ("greenlet", "task"))
GEVENT, ASYNCIO = (*THREADS, "greenlet"), (*THREADS, "task")

SERVERS = {
    "gunicorn gevent, preloaded": (GEVENT, (*GUNICORN, "-k", "gevent", "--preload")),
    "gunicorn gthread": (THREADS, (*GUNICORN, "-k", "gthread", "--threads", "2")),
    "gunicorn gthread, preloaded": (THREADS, (*GUNICORN, "-k", "gthread", "--threads", "2", "--preload")),
    "gunicorn sync": (THREADS, (*GUNICORN, "-k", "sync")),
    "uvicorn asyncio": (ASYNCIO, ("-m", "uvicorn", "planted:asgi", "--port", "PORT", "--loop", "asyncio")),
    "uvicorn uvloop": (ASYNCIO, ("-m", "uvicorn", "planted:asgi", "--port", "PORT", "--loop", "uvloop")),
    "waitress": (THREADS, ("-m", "waitress", "--listen=127.0.0.1:PORT", "planted:application")),
}


def test_under_gunicorn_and_gevent_each_planted_line_is_named_and_nothing_else(tmp_path: Path) -> None:
    with serving(tmp_path, *GUNICORN, "-k", "gevent") as served:
        _named(served, GEVENT, 10)


@pytest.mark.full
@pytest.mark.parametrize("server", SERVERS)
def test_under_other_servers_each_planted_line_is_named(server: str, tmp_path: Path) -> None:
    routes, argv = SERVERS[server]
    _need(argv[1])
    with serving(tmp_path, *argv) as served:
        _named(served, routes, 10)


@pytest.mark.full
def test_one_leak_in_fifty_requests_is_named_after_two_hundred(tmp_path: Path) -> None:
    with serving(tmp_path, *GUNICORN, "-k", "gevent") as served:
        _named(served, GEVENT, 4, plain=50)


@pytest.mark.full
@pytest.mark.parametrize("server", ["gunicorn gevent, preloaded", "gunicorn gthread", "uvicorn uvloop"])
def test_fifty_censuses_under_requests_break_none_of_them(server: str, tmp_path: Path) -> None:
    _, argv = SERVERS[server]
    _need(argv[1])
    with serving(tmp_path, *argv) as served, ThreadPoolExecutor(4) as pool:
        loads = [
            pool.submit(served.get, "work", "context", "objects", "forgotten", times=300) for _ in range(3)
        ]
        counters = [served.ask()["counter"] for _ in range(50)]
        for load in loads:
            load.result()
    assert counters == list(range(1, 51))


def _need(module: str) -> None:
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed: pip install {module}")


def _named(served: Served, routes: tuple[str, ...], dose: int, plain: int = 0) -> None:
    served.get(*routes, "innocent", times=2)
    before = served.ask()
    for _ in range(dose):
        served.get(*routes, "innocent")
        served.get("plain", times=plain)
    after = served.ask()
    found = grown(before, after, dose)
    lines = {route: f"{PLANTED}:{line_of(route)} in" for route in routes}
    for route in routes:
        resource, holder = LEAKS[route]
        mine = [each for each in found if (each.resource, each.holder) == (resource, holder)]
        exact = [each for each in mine if each.place.startswith(lines[route]) and each.count == dose]
        assert len(exact) == 1, (route, found)
        assert exact[0].bounded == "" or resource == "sessions"
    _innocent(found)
    served.get("plain", times=30)
    still = served.ask()
    assert [each for each in grown(after, still, 30) if str(PLANTED) in each.place] == []
    # the last connection of either may still be closing
    wait_until(lambda: served.ask()["counts"]["objects"] <= after["counts"]["objects"] + 5, "no object more")
    assert len(json.dumps(still)) < LARGEST


def _innocent(found: list[Grown]) -> None:
    for each in found:
        if each.holder in BOUNDED:
            assert each.bounded == f"may be bounded: {BOUNDED[each.holder]}"
