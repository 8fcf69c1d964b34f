"""Services that know nothing of midnight, attached: each planted leak is found, measured and named, and no other."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from chaos.census.stacks import why_no_stacks
from tests.leaks_foreign.foreign import (
    HERE,
    ITEMS,
    PYTHON,
    QUICK,
    SHORT,
    Verdict,
    line_of,
    played,
    require,
    serving,
)

pytestmark = pytest.mark.real

OF = {
    "file": "descriptors:file of file",
    "socket": "descriptors:socket of socket",
    "thread": "threads of thread",
    "task": "tasks of task",
    "goroutine": "goroutines of forget",
}
"""The finding of each route's leak."""

UVICORN = (PYTHON, "-m", "uvicorn", "asyncio_service:application", "--port", "PORT", "--loop", "asyncio")
WAITRESS = (PYTHON, "-m", "waitress", "--listen=127.0.0.1:PORT", "threads_service:application")

DATASETTE = {
    "index": "/",
    "table": "/shop/items.json?_size=20&_facet=price",
    "row": "/shop/items/{item}.json",
    "query": "/shop.json?sql=select+count(*)+from+items",
    "page": "/shop/items",
}
HTTPBIN = {
    "get": "/get?shop=midnight",
    "stream": "/stream/10",
    "gzip": "/gzip",
    "bytes": "/bytes/{item}",
    "image": "/image/png",
}
UNKNOWN = "{warm_up: 60, requests: 20, count: 3, rate: 20, idle: 1.5s, again: 5}"
"""Rounds of a service whose pools and caches are not known."""


def found(verdict: Verdict, *leaks: str) -> None:
    """Each leak fails with one per request, and nothing else does."""
    assert verdict.document["verdict"] == "fail" and verdict.code == 1
    assert verdict.of("fail") == {OF[leak] for leak in leaks}
    assert {leak: verdict.rate(OF[leak]) for leak in leaks} == {leak: pytest.approx(1.0) for leak in leaks}
    assert verdict.of("unknown") == set() and verdict.of("pass") == {"rounds"}


def named_from_outside(verdict: Verdict, data: Path) -> None:
    """Level 1: the file by its path, the socket by its peer and state."""
    file, connection = verdict.place(OF["file"]), verdict.place(OF["socket"])
    assert (file["level"], file["what"]) == (1, str(data))
    assert connection["level"] == 1 and connection["what"].startswith("socket tcp 127.0.0.1:")
    assert connection["what"].endswith(" ESTABLISHED")


def named_by_line(verdict: Verdict, source: str, *leaks: str, level: int = 3) -> None:
    for leak in leaks:
        place = verdict.place(OF[leak])
        assert (place["level"], place["place"].partition(" in ")[0]) == (level, line_of(source, leak))


@pytest.mark.full
@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
def test_node_that_keeps_files_and_sockets_is_found_from_outside(tmp_path: Path) -> None:
    with serving(tmp_path, "node", "node_service.js") as service:
        verdict = played(tmp_path, service, ("file", "socket", "calm"), QUICK)
    found(verdict, "file", "socket")
    named_from_outside(verdict, service.data)


@pytest.fixture
def program(tmp_path: Path) -> str:
    """The service in Go, built."""
    if shutil.which("go") is None:
        pytest.skip("no go here")
    built = str(tmp_path / "go_service")
    subprocess.run(["go", "build", "-o", built, "go_service.go"], cwd=HERE, check=True)
    return built


@pytest.mark.full
@pytest.mark.timeout(900)
def test_go_that_keeps_files_sockets_and_threads_is_found_from_outside(tmp_path: Path, program: str) -> None:
    with serving(tmp_path, program) as service:
        verdict = played(tmp_path, service, ("file", "socket", "thread", "calm"))
    found(verdict, "file", "socket", "thread")
    named_from_outside(verdict, service.data)
    assert verdict.place(OF["thread"])["what"].startswith("go_service, waiting in ")


@pytest.mark.full
@pytest.mark.timeout(900)
def test_go_that_forgets_goroutines_is_found_and_the_line_named_by_pprof(
    tmp_path: Path, program: str
) -> None:
    with serving(tmp_path, program) as service:
        rounds = SHORT.replace("threads: 5", "threads: 5, goroutines: 5")
        at = f"http://127.0.0.1:{service.port}"
        verdict = played(tmp_path, service, ("forget", "calm"), rounds, pprof=at)
    found(verdict, "goroutine")
    named_by_line(verdict, "go_service.go", "goroutine", level=2)


@pytest.mark.full
def test_uvicorn_that_keeps_files_and_sockets_is_found_from_outside(tmp_path: Path) -> None:
    require("uvicorn")
    with serving(tmp_path, *UVICORN) as service:
        verdict = played(tmp_path, service, ("file", "socket", "task", "calm"))
    found(verdict, "file", "socket")  # tasks are seen by the witness alone
    named_from_outside(verdict, service.data)


@pytest.mark.full
def test_the_witness_names_the_lines_of_uvicorn_and_counts_its_tasks(tmp_path: Path) -> None:
    require("uvicorn")
    with serving(tmp_path, *UVICORN, witness=True) as service:
        verdict = played(tmp_path, service, ("file", "socket", "task", "calm"))
    found(verdict, "file", "socket", "task")
    named_by_line(verdict, "asyncio_service.py", "file", "socket", "task")


@pytest.mark.full
@pytest.mark.parametrize("route", ["page", "peak"])
def test_the_witness_tells_memory_that_malloc_keeps_from_memory_that_is_held(
    route: str, tmp_path: Path
) -> None:
    require("uvicorn")
    with serving(tmp_path, *UVICORN, witness=True) as service:
        verdict = played(tmp_path, service, (route,), QUICK)
    own = {f"memory:uss of {route}"}
    assert verdict.of("warning") == own | ({"allocator of peak"} if route == "peak" else set())
    if route == "peak":
        assert verdict.rate("allocator of peak") == pytest.approx(200_000, rel=0.2)
        assert "more of free memory" in verdict.findings["allocator of peak"]["because"]


@pytest.mark.full
def test_waitress_that_keeps_threads_is_found_and_their_line_named_by_py_spy(tmp_path: Path) -> None:
    require("waitress")
    with serving(tmp_path, *WAITRESS) as service:
        if because := why_no_stacks(service.pid):
            pytest.skip(because)
        verdict = played(tmp_path, service, ("file", "socket", "thread", "calm"))
    found(verdict, "file", "socket", "thread")
    named_from_outside(verdict, service.data)
    named_by_line(verdict, "threads_service.py", "thread", level=2)


@pytest.mark.full
def test_the_witness_names_the_lines_of_waitress(tmp_path: Path) -> None:
    require("waitress")
    with serving(tmp_path, *WAITRESS, witness=True) as service:
        verdict = played(tmp_path, service, ("file", "socket", "thread", "calm"))
    found(verdict, "file", "socket", "thread")
    named_by_line(verdict, "threads_service.py", "file", "socket", "thread")


@pytest.mark.full
def test_a_service_that_dies_of_the_larger_dose_is_spared_the_rest(tmp_path: Path) -> None:
    require("waitress")
    if shutil.which("prlimit") is None:
        pytest.skip("no prlimit here: it is in util-linux")
    rounds = SHORT.replace("again: 0", "again: 50").replace("descriptors: 5", "descriptors: 1000")
    with serving(tmp_path, "prlimit", "--nofile=400", *WAITRESS) as service:
        verdict = played(tmp_path, service, ("file",), rounds)
    (run,) = verdict.of_check("completeness")
    assert run["outcome"] == "unknown" and "abort condition 'target-down'" in run["because"]
    (availability,) = verdict.of_check("availability")
    assert availability["outcome"] == "fail" and availability["measured"] < 0.9


@pytest.mark.full
def test_httpbin_unchanged_under_two_workers_of_gunicorn_leaks_nothing(tmp_path: Path) -> None:
    require("httpbin")
    require("gunicorn")
    workers = ("--workers", "2", "--worker-class", "gthread", "--threads", "4", "--no-control-socket")
    command = (PYTHON, "-m", "gunicorn", "-b", "127.0.0.1:PORT", *workers, "httpbin:app")
    with serving(tmp_path, *command, witness=True) as service:
        verdict = played(tmp_path, service, HTTPBIN, UNKNOWN)
        assert service.get("/get") == 200
    assert (verdict.code, verdict.of("fail"), verdict.of("unknown")) == (0, set(), set())


@pytest.mark.full
def test_datasette_unchanged_leaks_nothing_and_goes_on_serving(tmp_path: Path) -> None:
    require("datasette")
    database = tmp_path / "shop.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("create table items (id integer primary key, name text, price real)")
        items = [(number, f"item {number}", number * 1.5) for number in range(1, ITEMS + 1)]
        connection.executemany("insert into items values (?, ?, ?)", items)
    command = (PYTHON, "-m", "datasette", "serve", str(database), "--port", "PORT")
    with serving(tmp_path, *command, witness=True) as service:
        verdict = played(tmp_path, service, DATASETTE, UNKNOWN)
        assert service.get("/shop/items/7.json") == 200
    assert (verdict.code, verdict.of("fail"), verdict.of("unknown")) == (0, set(), set())
    assert "tasks, threads" in verdict.findings["rounds"]["because"]
