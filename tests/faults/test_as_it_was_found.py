"""What a fault finds is what it leaves, also where somebody had changed it by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from chaos.errors import TargetGone, UndoError
from chaos.faults.shared import session_timeout
from chaos.host.processes import ref_of
from chaos.plugin import registry
from chaos.plugin.fault import Fault
from chaos.plugin.handles import Handles
from chaos.postgres import Cluster
from chaos.toxiproxy import Toxiproxy
from tests.postgres.servers import ask, dsn, execute

pytestmark = pytest.mark.real

IN_AUTO_CONF = (
    "select setting from pg_file_settings"
    " where name = 'idle_session_timeout' and sourcefile like '%auto.conf'"
)


def made(name: str, handles: Handles, step: str = "", **params: Any) -> Fault:
    fault = registry.fault(name)
    return fault(fault.Params.model_validate(params), handles, f"run/{step or name}")


def played(fault: Fault) -> None:
    """Prepared, injected, held and undone, twice: an undo may come again."""
    undo = fault.prepare()
    fault.inject()
    fault.hold(0.1, threading.Event())
    type(fault).undo(undo)
    type(fault).undo(undo)


STORM: dict[str, Any] = {"clients": 2, "keep": "100ms", "burst": 0, "min_attempted": 1}
ON_A_PROXY: dict[str, dict[str, Any]] = {
    "idle_drop": {"by": "proxy"},
    "reconnect_storm": STORM,
    "latency": {},
    "bandwidth": {},
    "cut_off": {},
}


@pytest.mark.parametrize("name", ON_A_PROXY)
@pytest.mark.parametrize("enabled", [True, False], ids=["enabled", "disabled"])
def test_a_proxy_is_left_enabled_or_disabled_with_the_toxics_that_were_there(
    toxiproxy: Toxiproxy, handles: Handles, name: str, enabled: bool
) -> None:
    toxiproxy.add_toxic("database", "of-the-team", "latency", "upstream", {"latency": 1}, toxicity=0.5)
    if not enabled:
        toxiproxy.disable("database")
    before = toxiproxy.proxy("database")
    played(made(name, handles, **ON_A_PROXY[name]))
    assert toxiproxy.proxy("database") == before


def test_two_steps_that_overlap_on_one_proxy_leave_it_as_the_first_one_found_it(
    toxiproxy: Toxiproxy, handles: Handles
) -> None:
    first, second = made("idle_drop", handles, "first"), made("idle_drop", handles, "second")
    one = first.prepare()
    first.inject()
    other = second.prepare()
    type(first).undo(one)
    second.inject()
    type(second).undo(other)
    assert toxiproxy.proxy("database").enabled


def test_an_undo_of_an_earlier_version_enables_the_proxy(toxiproxy: Toxiproxy, handles: Handles) -> None:
    toxiproxy.disable("database")
    registry.fault("idle_drop").undo({"by": "proxy", "api": toxiproxy.url, "proxy": "database"})
    assert toxiproxy.proxy("database").enabled
    del handles


def test_a_proxy_that_is_gone_leaves_a_step_nothing_to_act_on(toxiproxy: Toxiproxy, handles: Handles) -> None:
    fault = made("idle_drop", handles)
    toxiproxy.delete("database")
    with pytest.raises(TargetGone, match="no longer has a proxy 'database'"):
        fault.prepare()
    toxiproxy.create("database", handles.proxies["database"].listen, "127.0.0.1:1")


@pytest.mark.parametrize("value", [None, "7min", "0", "123456ms"])
def test_a_setting_of_the_server_is_as_before_however_it_was_written(
    primary: Cluster, handles: Handles, value: str | None
) -> None:
    session_timeout.await_in_force(dsn(primary), None, session_timeout.write(dsn(primary), value))
    before, in_force = ask(primary, IN_AUTO_CONF), ask(primary, "show idle_session_timeout")
    played(made("idle_drop", handles, by="server", after_idle="5s"))
    assert ask(primary, IN_AUTO_CONF) == before == value
    assert ask(primary, "show idle_session_timeout") == in_force


def test_a_value_set_by_hand_during_the_step_is_kept(primary: Cluster, handles: Handles) -> None:
    fault = made("idle_drop", handles, by="server")
    undo = fault.prepare()
    fault.inject()
    execute(primary, "alter system set idle_session_timeout = '9min'")
    assert type(fault).undo(undo)["set_by"] == "another user meanwhile, and left alone"
    assert ask(primary, IN_AUTO_CONF) == "9min"
    execute(primary, "alter system reset all")
    execute(primary, "select pg_reload_conf()")


def test_a_reload_that_would_apply_a_foreign_change_is_refused(primary: Cluster, handles: Handles) -> None:
    conf = primary.data / "postgresql.conf"
    text = conf.read_text()
    conf.write_text(text + "work_mem = '9MB'\n")
    later = ask(primary, "select extract(epoch from pg_conf_load_time())::float8") + 5
    try:
        os.utime(conf, (later, later))
        with pytest.raises(
            TargetGone, match=r"postgresql\.conf changed .* run this first: SELECT pg_reload_conf"
        ):
            made("idle_drop", handles, by="server").prepare()
    finally:
        conf.write_text(text)
        os.utime(conf, (0, 0))


def test_a_setting_that_cannot_be_put_back_is_reported_with_the_command_to_type(handles: Handles) -> None:
    fault = made("idle_drop", handles, by="server")
    undo = {**fault.prepare(), "dsn": "host=127.0.0.1 port=9 user=nobody dbname=nobody"}
    with pytest.raises(UndoError, match="by hand: ALTER SYSTEM reset idle_session_timeout; SELECT pg_relo"):
        type(fault).undo(undo)


@pytest.fixture
def family() -> Iterator[psutil.Process]:
    """A process with two children."""
    child = subprocess.Popen(["sh", "-c", "sleep 60 & sleep 60 & wait"], start_new_session=True)
    process = psutil.Process(child.pid)
    while len(process.children()) < 2:
        pass
    yield process
    for each in [*process.children(), process]:
        each.kill()
    child.wait()


def test_a_process_that_was_stopped_before_stays_stopped(family: psutil.Process) -> None:
    stopped, running = family.children()
    stopped.send_signal(signal.SIGSTOP)
    while stopped.status() != psutil.STATUS_STOPPED:
        pass
    played(made("pause", Handles(processes={"api": (ref_of(family.pid),)})))
    assert stopped.status() == psutil.STATUS_STOPPED
    assert psutil.STATUS_STOPPED not in (running.status(), family.status())


def test_a_process_that_is_already_stopped_is_neither_paused_nor_continued(family: psutil.Process) -> None:
    family.send_signal(signal.SIGSTOP)
    while family.status() != psutil.STATUS_STOPPED:
        pass
    with pytest.raises(TargetGone, match="is already stopped and is left as it is"):
        made("pause", Handles(processes={"api": (ref_of(family.pid),)})).prepare()
    assert family.status() == psutil.STATUS_STOPPED
