"""The nightly job does all its work, and nothing of it outlives its end, its deadline or its parent."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from chaos.host.processes import marked, stop_marked
from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from tests.reference.stack import Stack, place, profile
from tests.waiting import wait_until

pytestmark = [pytest.mark.real, pytest.mark.wide]

SMALL = ["--rows=3000", "--burners=2", "--cpu-seconds=0.5", "--memory-mb=64", "--queries=1"]
ENDLESS = ["--rows=0", "--burners=2", "--cpu-seconds=1000", "--memory-mb=64", "--queries=0"]


@pytest.fixture(params=[pytest.param("fragile", marks=pytest.mark.full), "hardened"])
def prepared(request: pytest.FixtureRequest, cluster: Cluster, proxies: Toxiproxy) -> Iterator[Stack]:
    yield from _prepared(profile(request.param), cluster, proxies)


@pytest.fixture
def limited(cluster: Cluster, proxies: Toxiproxy) -> Iterator[Stack]:
    settings = profile("hardened")
    settings["batch"]["memory_limit_mb"] = 100
    yield from _prepared(settings, cluster, proxies)


def _prepared(settings: dict[str, Any], cluster: Cluster, proxies: Toxiproxy) -> Iterator[Stack]:
    """A stack of which only the database runs."""
    with place() as home:
        running = Stack(home, settings, cluster, proxies)
        running.write()
        assert running.module("prepare").wait(120) == 0
        yield running
        left = marked(running.mark)
        stop_marked(running.mark, grace=0)
        assert left == []


def start(running: Stack, work: list[str], *options: str, deadline: int = 60) -> subprocess.Popen[bytes]:
    """Start the job."""
    stream = subprocess.PIPE
    return running.module("batch", *work, f"--deadline={deadline}", *options, stdout=stream, stdin=stream)


def until_children(running: Stack, count: int) -> None:
    """Wait until the job and its children are exactly so many processes."""
    wait_until(lambda: len(marked(running.mark)) == count, f"{count} processes")


def last_word(job: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Read to the job's end; its last line."""
    assert job.stdout is not None
    said: dict[str, Any] = json.loads(job.stdout.read().splitlines()[-1])
    job.wait(30)
    return said


def test_all_the_requested_work_is_done_and_reported(prepared: Stack) -> None:
    with psycopg.connect(prepared.admin, autocommit=True) as admin:
        admin.execute("TRUNCATE sync_target")
        job = start(prepared, SMALL)
        said = last_word(job)
        assert (job.returncode, said["phase"], said["rows"]) == (0, "done", 3000)
        assert said["cpu_seconds"] >= 0.5
        assert said["peak_rss_mb"] > 64
        copied = admin.execute("SELECT count(*) FROM sync_target NATURAL JOIN sync_source").fetchone()
        assert copied == (2000,), "3000 rows of 2000 are once all, and half again"


@pytest.mark.full
def test_a_job_that_exceeds_its_memory_limit_fails_by_that_name(limited: Stack) -> None:
    job = start(limited, [*ENDLESS, "--memory-mb=300"])
    said = last_word(job)
    assert (job.returncode, said["phase"]) == (1, "failed")
    assert "MemoryError" in said["because"]


def test_a_killed_job_leaves_no_child(limited: Stack) -> None:
    job = start(limited, ENDLESS)
    until_children(limited, 4)
    job.kill()
    job.wait()
    until_children(limited, 0)


def test_the_job_ends_by_its_deadline_and_reports_it(limited: Stack) -> None:
    job = start(limited, ENDLESS, deadline=10)
    said = last_word(job)
    assert (job.returncode, said["phase"]) == (1, "failed")
    assert "deadline of 10 s" in said["because"]


def test_the_job_stops_on_a_signal(limited: Stack) -> None:
    told = start(limited, ENDLESS)
    until_children(limited, 4)
    told.send_signal(signal.SIGINT)
    assert told.wait(60) == 143


def test_the_job_reopens_a_lost_connection(limited: Stack) -> None:
    job = start(limited, ["--rows=100000", "--burners=0", "--cpu-seconds=0", "--memory-mb=0", "--queries=0"])
    with psycopg.connect(limited.admin, autocommit=True) as admin:
        wait_until(lambda: _backends(admin) == 1, "the job is connected")
        limited.proxies.disable(limited.database_proxy)
        wait_until(lambda: _backends(admin) == 0, "the job has lost its connection")
        limited.proxies.enable(limited.database_proxy)
        wait_until(lambda: _backends(admin) == 1, "the job is connected again")
    job.terminate()
    assert job.wait(60) == 143


def _backends(admin: psycopg.Connection) -> int:
    row = admin.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'batch'").fetchone()
    return int(row[0]) if row else 0
