"""A refused request leaves a traceback in error.log: every one, or as many a second as the profile allows."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from chaos.log_errors import reading
from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from targets.reference import error_log
from targets.reference.settings import Profile
from tests.reference.stack import profile, stack
from tests.waiting import wait_until


def record(error: BaseException | None = None) -> logging.LogRecord:
    told = (type(error), error, None) if error is not None else None
    return logging.LogRecord("test", logging.ERROR, __file__, 1, "Exception on /x", None, told)


def test_so_many_records_pass_in_each_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    a_few = error_log.AFew(2)
    assert [a_few.filter(record()) for _ in range(4)] == [True, True, False, False]
    now[0] = 101.2
    assert [a_few.filter(record()) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(("name", "passes"), [("fragile", 5), ("hardened", 1)])
def test_fragile_writes_each_traceback_and_hardened_one_a_second(
    name: str, passes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    settings = Profile.model_validate(profile(name)).api.log
    logger = f"test.{name}.{tmp_path.name}"
    handler = error_log.write_errors_to(tmp_path / "error.log", settings, logger)
    try:
        for _ in range(5):
            logging.getLogger(logger).handle(record(LookupError("gone")))
    finally:
        handler.close()
        logging.getLogger(logger).removeHandler(handler)
    assert (tmp_path / "error.log").read_text().count("LookupError: gone") == passes


@pytest.mark.real
def test_a_request_that_waits_in_vain_for_a_connection_names_the_pool(
    cluster: Cluster, proxies: Toxiproxy
) -> None:
    settings = profile("fragile")
    settings["api"] |= {"workers": 1, "pool_size": 1, "max_overflow": 0, "pool_timeout": 0.3}
    with stack(settings, cluster, proxies) as running:
        with psycopg.connect(running.admin) as holder, ThreadPoolExecutor(2) as pool:
            holder.execute("lock table documents in access exclusive mode")
            waiting = pool.submit(running.http.get, "/api/documents/1")  # holds the only connection
            wait_until(lambda: _is_waited_for(running.admin), "the request waits for the lock")
            refused = running.http.get("/api/documents/2")
            holder.rollback()
            assert waiting.result().status_code == 200
        running.stop()

        found = reading.read([running.home / "logs" / "error.log"])
    assert refused.status_code == 503
    (group,) = [each for each in found.groups if each.stack.language == "python"]
    assert (group.count, group.stack.exception) == (1, "sqlalchemy.exc.TimeoutError")
    assert group.stack.raised == "reference.failures.Unavailable"
    assert group.message.text.startswith("QueuePool limit of size 1 overflow 0 reached")
    assert group.first is not None
    places = [(Path(frame.file).name, frame.function) for frame in group.stack.frames]
    assert places == [
        ("pool.py", "_do_get"),
        ("database.py", "_once"),
        ("database.py", "<lambda>"),
        ("routes.py", "get"),
    ]


def _is_waited_for(admin: str) -> bool:
    """True once a session waits for the lock."""
    with psycopg.connect(admin) as connection:
        row = connection.execute("select count(*) from pg_locks where not granted").fetchone()
    return row is not None and row[0] > 0
