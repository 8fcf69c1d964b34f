"""Small things that a run would show only by chance."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from chaos.errors import UndoError, UsageError
from chaos.faults.shared import session_timeout
from chaos.host.ports import free_port
from chaos.plan import build as plans
from chaos.plugin.handles import Proxy
from chaos.targets.attach import processes
from chaos.targets.attach.driver import AttachDriver
from chaos.targets.attach.options import AttachOptions
from tests.attach.files import experiment, target
from tests.midnight import Midnight

DATABASE = "  databases: {primary: {admin_dsn: {env: MINE}}}\n"


def test_an_attached_server_that_does_not_answer_is_not_treated_as_gone() -> None:
    dsn = f"host=127.0.0.1 port={free_port()} user=nobody dbname=none"
    undo = {"dsn": dsn, "before": None, "set": "500ms"}
    assert session_timeout.put_back({**undo, "ours": True}) == {"server": "gone"}
    with pytest.raises(UndoError, match="by hand: ALTER SYSTEM reset idle_session_timeout"):
        session_timeout.put_back({**undo, "ours": False})


@pytest.mark.parametrize(
    ("listen", "given", "expected"),
    [
        ("127.0.0.1:15432", "", "127.0.0.1:15432"),
        ("[::]:15432", "", "localhost:15432"),
        ("0.0.0.0:15432", "", "localhost:15432"),
        ("[::1]:15432", "", "::1:15432"),
        ("127.0.0.1:15432", ", proxied: '127.0.0.1:6432'", "127.0.0.1:6432"),
    ],
)
def test_the_listener_of_a_database_is_its_proxys_where_the_file_names_none(
    listen: str, given: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Midnight(tmp_path)
    proxy = Proxy("http://localhost:8474", "mine", listen, "127.0.0.1:5432")
    monkeypatch.setenv("MINE", "host=127.0.0.1")
    monkeypatch.setattr("chaos.targets.attach.proxying.find", lambda _options, _target: {"database": proxy})
    options = DATABASE.replace("}}}", "}" + given + "}}")
    more = options + "  proxies: {database: {api: 'http://localhost:8474', name: mine}}\n"
    plan = plans.build(experiment(place), target(place, "http://127.0.0.1:9", more))
    driver = plan.driver(plan.target, plan.options, plan.settings, plan.staging)
    assert isinstance(driver, AttachDriver)
    assert driver._proxied("primary", {"database": proxy}) == expected


def test_several_processes_form_one_role_by_a_list_or_by_a_name_that_allows_it(tmp_path: Path) -> None:
    name = f"w-{tmp_path.name[-20:]}"
    program = tmp_path / name
    program.symlink_to("/bin/sleep")
    with ExitStack() as there:
        pids = []
        for _ in range(2):
            each = there.enter_context(subprocess.Popen([str(program), "600"]))
            there.callback(each.kill)
            pids.append(each.pid)

        def found(given: object) -> list[int]:
            options = AttachOptions.model_validate(
                {"base_url": "http://localhost:1", "processes": {"w": given}}
            )
            return [ref.pid for ref in processes.find(options.processes["w"], "processes: w")]

        assert found([{"pid": pids[0]}, {"pid": pids[1]}, {"pid": pids[0]}]) == pids
        assert sorted(found({"name": name, "several": True})) == sorted(pids)
        with pytest.raises(UsageError, match="several: true"):
            found({"name": name})
