"""The handles of a target that midnight did not start: real servers, hurt and undone by the journal alone."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chaos.plan import build as plans
from chaos.plugin.driver import Driver, Site
from chaos.plugin.fault import Undo
from chaos.postgres import connect
from chaos.toxiproxy import Toxiproxy
from chaos.undo.heal import outstanding
from tests.attach.files import experiment, target
from tests.attach.processes import arguments
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.postgres.servers import PASSWORD
from tests.typed import refusal

pytestmark = pytest.mark.real

USER = "keeper_7qx"
HANDLES = """\
  databases: {primary: {admin_dsn: {env: MINE_ADMIN}, dsns: {api: {env: MINE_API}}}}
  proxies: {database: {api: 'TOXIPROXY', name: mine}}
  volumes: {data: PLACE}
  processes: {api: {pid: PID}}
  logs: {directory: PLACE, files: [app.log], signal: USR1}
  jobs: {nightly: {argv: [ls], env: {MINE: {env: MINE_API}}}}
"""
DROP = "steps:\n  - {name: drop, fault: idle_drop, at: 0s, hold: 2s, with: {by: server, min_closed: 1}}\n"


def whole(midnight: Midnight, service: Service, toxiproxy: Toxiproxy) -> str:
    """The path of a target with every handle."""
    handles = HANDLES.replace("TOXIPROXY", toxiproxy.url).replace("PID", str(os.getpid()))
    return target(midnight, service.url, handles.replace("PLACE", str(midnight.place)))


def driver_of(midnight: Midnight, file: str) -> Driver:
    plan = plans.build(experiment(midnight), file)
    return plan.driver(plan.target, plan.options, plan.settings, {"logs.grown": 1e9})


def test_the_handles_offered_are_the_handles_given_and_they_work(
    midnight: Midnight, service: Service, toxiproxy: Toxiproxy, admin: str
) -> None:
    file, undos = whole(midnight, service, toxiproxy), dict[str, Undo]()
    driver = driver_of(midnight, file)
    handles = driver.up(Site("test-run", undos.__setitem__, threading.Event()))
    with ExitStack() as stack:
        for undo in undos.values():
            stack.callback(type(driver).undo, undo)
        plan = plans.build(experiment(midnight), file)
        assert handles.offered() == plan.driver.offers(plan.target)
        assert set(undos) == {"pass files", "logs as they are"}
        database, proxy = handles.databases["primary"], handles.proxies["database"]
        shown = f"{handles} {driver.versions} {undos}"
        assert PASSWORD not in f"{shown} {database.admin_dsn}" and admin not in shown
        with connect(database.admin_dsn) as connection, connect(database.dsns["api"]):
            assert connection.info.password == PASSWORD
            version = connection.info.parameter_status("server_version")
        listen = toxiproxy.proxy("mine").listen
        assert (proxy.api, proxy.listen, database.proxied) == (toxiproxy.url, listen, listen)
        assert proxy.upstream == toxiproxy.proxy("mine").upstream
        (said,) = (text for name, text in driver.versions.items() if name.startswith("PostgreSQL"))
        assert said == version
        made = Path(undos["pass files"]["path"])
        assert made.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in made.iterdir()} == {0o600}
    assert not made.exists()
    assert type(driver).undo(undos["pass files"])  # a second time does no harm


@pytest.mark.usefixtures("own_place")
def test_a_proxy_that_the_toxiproxy_does_not_have_is_refused_with_those_it_has(
    midnight: Midnight, service: Service, toxiproxy: Toxiproxy, capsys: pytest.CaptureFixture[str]
) -> None:
    file = target(midnight, service.url, f"  proxies: {{db: {{api: '{toxiproxy.url}', name: yours}}}}\n")
    said = refusal(capsys, "run", experiment(midnight), "--target", file)
    assert f"proxies: db: Toxiproxy at {toxiproxy.url} has no proxy 'yours'; it has mine" in said
    assert midnight.runs == []


def test_a_database_is_undone_after_kill_9_by_a_journal_that_holds_neither_password_nor_user(
    midnight: Midnight, service: Service, toxiproxy: Toxiproxy, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create role {} superuser login password {}").format(
                sql.Identifier(USER), sql.Literal(PASSWORD)
            )
        )
    monkeypatch.setenv("MINE_ADMIN", make_conninfo(admin, user=USER))
    port = toxiproxy.proxy("mine").listen.rpartition(":")[2]
    with psycopg.connect(admin, autocommit=True) as connection, psycopg.connect(admin, port=port):
        process = midnight.start(
            "run", experiment(midnight, DROP), "--target", whole(midnight, service, toxiproxy)
        )

        def timeout() -> str:
            row = connection.execute("select reset_val from pg_settings where name = 'idle_session_timeout'")
            return str(row.fetchone())

        before = timeout()
        _until(lambda: bool(midnight.runs) and any(e.phase == "injected" for e in midnight.events()), process)
        _until(lambda: timeout() != before, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        _until(lambda: timeout() == before)
    _until(lambda: outstanding(midnight.run) == [])
    _until(lambda: str(midnight.run.path).encode() not in arguments())  # the watchdog has ended, too
    texts = [file.read_text(errors="replace") for file in midnight.run.path.iterdir()]
    secret = (PASSWORD, "with everything", USER)
    assert [text for text in texts if any(piece in text for piece in secret)] == []


def _until(holds: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        assert process is None or process.poll() is None, "the run ended"
        time.sleep(0.05)  # what another process does gives no event here
