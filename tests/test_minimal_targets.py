"""The shipped nights play on any target: with one handle at a time each plans, and names just what it leaves out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from chaos.errors import FileError
from chaos.plan import build as plans
from chaos.plan.planned import Plan
from tests.midnight import PROJECT
from tests.typed import typed

HEAD = "name: mine\ndriver: attach\nconsent: {owner: The tests, until: 2999-12-31}\n"
ADDRESS = "  base_url: http://127.0.0.1:8000\n"
READ = "  items: {path: /items}\n"
PLAIN_WRITE = '  add: {method: POST, path: /records, json: {id: "{uuid}"}}\n'
WRITE = (
    '  add: {method: POST, path: /records, json: {id: "{uuid}"}, '
    'ledger: {key: "{uuid}", read: {get: "/records/{key}"}}}\n'
)
PROXY = '  proxies: {database: {api: "http://127.0.0.1:8474", name: db}}\n'
LOGS = "  logs: {directory: /var/log, files: [app.log]}\n"
JOB = "  jobs: {nightly: {argv: [/bin/true]}}\n"
GAUGES = 'gauges: [{prometheus: "http://127.0.0.1:9100/metrics", map: {pool_in_use: used}}]\n'
DATABASE = "  databases: {primary: {admin_dsn: {env: DSN}}}\n"
CROWD = "  databases: {primary: {admin_dsn: {env: DSN}, dsns: {crowd: {env: CROWD}}}}\n"

NO_PROXY = "target 'mine' has no proxy 'database'"
NO_LOGS = "target 'mine' has no logs"
NO_JOB = "target 'mine' has no job 'nightly'"
NO_LEDGER = "target 'mine' has no ledger"
NO_ROLE = "target 'mine' has no route with this role"
NO_POOL = "target 'mine' shows no gauges of its pool, and no database to see it from"

STEPS = {
    "idle_drop": NO_PROXY,
    "logrotate": NO_LOGS,
    "batch_job": NO_JOB,
    "reconnect_storm": NO_PROXY,
}
LEDGER = {"lost_writes": NO_LEDGER, "rpo": NO_LEDGER}
ROLES = {"write": NO_ROLE, "outbound": NO_ROLE}
POOL = {"pool": NO_POOL}
WHOLE = {**STEPS, **LEDGER, **ROLES, **POOL}


def without(*names: str, **changed: str) -> dict[str, str]:
    return {name: why for name, why in {**WHOLE, **changed}.items() if name not in names}


def planned(folder: Path, night: str, handles: str, routes: str = READ, top: str = "") -> Plan:
    path = folder / "mine.yaml"
    path.write_text(f"{HEAD}routes:\n{routes}{top}options:\n{ADDRESS}{handles}")
    return plans.build(night, str(path))


ORACLE = {
    "logs only": (LOGS, READ, "", without("logrotate")),
    "a job only": (JOB, READ, "", without("batch_job")),
    "a proxy only": (PROXY, READ, "", without("idle_drop", "reconnect_storm")),
    "a proxy and metrics": (
        PROXY,
        READ,
        GAUGES,
        without("idle_drop", "reconnect_storm", "pool"),
    ),
    "a database without a crowd": (
        PROXY + DATABASE,
        READ,
        "",
        without("idle_drop", "reconnect_storm", "pool"),
    ),
    "a database with a crowd": (PROXY + CROWD, READ, "", without("idle_drop", "reconnect_storm", "pool")),
    "a ledger, and a job": (JOB, READ + WRITE, "", without("batch_job", "lost_writes", "rpo", "write")),
    "writes that cannot be read back": (JOB, READ + PLAIN_WRITE, "", without("batch_job", "write")),
    "only writes": (JOB, WRITE, "", {**without("batch_job", *LEDGER, "write"), "read": NO_ROLE}),
    "an outbound route": (
        JOB,
        READ + "  call: {role: outbound, path: /report}\n",
        "",
        without("batch_job", "outbound"),
    ),
}


@pytest.mark.parametrize("night", ["midnight", "smoke"])
@pytest.mark.parametrize("case", ORACLE)
def test_what_a_target_lacks_is_left_out_and_named(tmp_path: Path, night: str, case: str) -> None:
    handles, routes, top, expected = ORACLE[case]
    plan = planned(tmp_path, night, handles, routes, top)
    if night == "smoke":  # it has no SLO of the pool
        expected = {name: why for name, why in expected.items() if name != "pool"}
    assert {each.name: each.because for each in plan.left_out} == expected
    assert {each.step.name for each in plan.steps} == set(STEPS) - set(expected)
    named = [line for line in plan.lines() if line.startswith("not exercised: ")]
    assert len(named) == len(expected)


FIRST = {
    "a process only": ("  processes: {api: {pid: 1}}\n", {"pause"}),
    "logs only": (LOGS, {"logrotate"}),
    "a job only": (JOB, {"batch_job"}),
}


@pytest.mark.parametrize("case", FIRST)
def test_a_first_night_plays_on_any_handle_and_leaves_the_limits_of_the_others_out(
    tmp_path: Path, case: str
) -> None:
    handles, steps = FIRST[case]
    plan = planned(tmp_path, "first", handles)
    assert {each.step.name for each in plan.steps} == steps
    limits = {each.name: each.because for each in plan.left_out if each.kind == "limit"}
    without_logs = {} if "logrotate" in steps else {"lost_log_lines": f"{NO_LOGS} to count lines in"}
    without_jobs = {} if "batch_job" in steps else {"failed_jobs": NO_JOB}
    assert limits == {**LEDGER, **without_logs, **without_jobs}


def test_the_line_of_what_is_left_out_says_what_and_why(tmp_path: Path) -> None:
    lines = planned(tmp_path, "smoke", JOB).lines()
    assert f"not exercised: lost writes, {NO_LEDGER}" in lines
    assert f"not exercised: outbound requests, {NO_ROLE}" in lines
    assert f"not exercised: idle_drop, {NO_PROXY}" in lines


@pytest.mark.parametrize("night", ["midnight", "smoke"])
def test_a_night_of_which_nothing_is_left_is_refused_with_what_to_add(tmp_path: Path, night: str) -> None:
    with pytest.raises(FileError) as refused:
        planned(tmp_path, night, "")
    (line,) = refused.value.lines
    assert re.search(rf"{night}.yaml:\d+: steps: target 'mine' can play none of them: add one of these", line)
    for add in ("proxies: database", "logs", "jobs: nightly"):
        assert add in line


def test_a_target_without_a_route_of_any_role_is_refused_with_a_route_to_add(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}options:\n{ADDRESS}{JOB}")
    with pytest.raises(
        FileError, match=r"has no route with this role; add one to its routes, such as read: {path"
    ):
        plans.build("smoke", str(path))


@pytest.mark.parametrize("night", ["midnight", "smoke"])
@pytest.mark.parametrize("target", ["embedded", "docker"])
def test_the_reference_stack_lacks_nothing(night: str, target: str) -> None:
    plan = plans.build(night, target)
    assert plan.left_out == ()
    assert plan.experiment.load.mix == {"read": 6, "write": 3, "complete": 1}


GUESSED: Mapping[str, str] = {
    "{path: /a}": "read",
    "{method: HEAD, path: /a}": "read",
    "{method: POST, path: /a}": "write",
    "{method: PUT, path: /a}": "write",
    "{method: PATCH, path: /a}": "write",
    "{method: DELETE, path: /a}": "write",
    "{method: POST, path: '/a', json: {id: '{uuid}'}, ledger: {key: '{uuid}', read: {get: '/a/{key}'}}}": "write",
    **{f"{{method: {m}, path: /a}}": "write" for m in ("PURGE", "MKCOL", "MOVE", "propfind-all")},
    **{
        f"{{method: {m}, path: /a}}": "read"
        for m in ("OPTIONS", "QUERY", "PROPFIND", "REPORT", "SEARCH", "TRACE")
    },
    "{method: POST, path: /a, role: read}": "read",
    "{path: /a, role: outbound}": "outbound",
}


@pytest.mark.parametrize("route", GUESSED)
def test_the_role_of_a_route_is_stated_or_guessed(tmp_path: Path, route: str) -> None:
    plan = planned(tmp_path, "smoke", JOB, f"  only: {route}\n")
    assert plan.to_json()["roles"] == {"only": GUESSED[route]}
    (line,) = (line for line in plan.lines() if line.startswith("route     only"))
    assert ("guessed" in line) is ("role" not in route)


def test_the_weight_of_a_role_is_split_evenly_over_its_routes(tmp_path: Path) -> None:
    routes = READ + "  search: {path: /search}\n" + WRITE
    plan = planned(tmp_path, "smoke", JOB, routes)
    assert plan.experiment.load.mix == {"items": 3, "search": 3, "add": 3}


def test_a_name_of_a_route_is_that_route_alone(tmp_path: Path) -> None:
    routes = "  read: {path: /read}\n  search: {path: /search}\n"
    plan = planned(tmp_path, "smoke", JOB, routes)
    assert plan.experiment.load.mix == {"read": 6}
    assert "route     not in the mix: search" in plan.lines()


def test_in_rounds_each_route_of_a_role_gets_all_of_its_requests(tmp_path: Path) -> None:
    routes = READ + "  search: {path: /search}\n"
    plan = planned(tmp_path, "leaks", "  processes: {api: {pid: 1}}\n", routes)
    assert plan.experiment.load.mix == {"items": 1, "search": 1}
    assert {stretch.route for stretch in plan.experiment.load.stretches} == {None, "items", "search"}


def test_validate_says_the_role_of_each_route_and_what_an_experiment_would_leave_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned(tmp_path, "smoke", JOB, READ + "  call: {role: outbound, path: /report}\n")
    target = str(tmp_path / "mine.yaml")
    assert typed(capsys, "validate", target).out == (
        f"{target}: valid target, with the routes items (read, guessed), call (outbound)\n"
    )
    file = str(PROJECT / "experiments/smoke.yaml")
    done = typed(capsys, "validate", file, "--target", target)
    assert done.code == 0
    assert f"midnight: {file}: warning: not exercised: lost writes, {NO_LEDGER}\n" in done.err


def test_what_an_experiment_does_not_allow_to_be_left_out_is_refused(tmp_path: Path) -> None:
    strict = tmp_path / "strict.yaml"
    lines = (PROJECT / "experiments/smoke.yaml").read_text().splitlines(keepends=True)
    strict.write_text("".join(line for line in lines if not line.startswith("if_missing")))
    planned(tmp_path, "smoke", JOB)
    with pytest.raises(FileError, match=r"idle_drop needs the handle 'proxies.database'"):
        plans.build(str(strict), str(tmp_path / "mine.yaml"))


def test_a_drill_is_played_whole(tmp_path: Path) -> None:
    drill = tmp_path / "drill.yaml"
    text = (PROJECT / "experiments/drill-failover.yaml").read_text()
    drill.write_text(text.replace("load:", "if_missing: leave_out\nload:", 1))
    with pytest.raises(FileError, match=r"if_missing: a drill is played whole, or not at all"):
        plans.build(str(drill), "embedded")


def test_a_step_after_one_that_is_left_out_is_left_out_too_and_places_in_the_file_stay(
    tmp_path: Path,
) -> None:
    night = tmp_path / "night.yaml"
    night.write_text(NIGHT)
    planned(tmp_path, "smoke", JOB)
    plan = plans.build(str(night), str(tmp_path / "mine.yaml"))
    assert [each.step.name for each in plan.steps] == ["job"]
    assert {each.name: each.because for each in plan.left_out if each.kind in ("step", "slo")} == {
        "drop": NO_PROXY,
        "again": "it comes after 'drop', which is left out",
        "while_dropped": "it covers step 'drop', which is left out",
    }
    assert [slo.name for slo in plan.experiment.slos] == ["availability"]
    night.write_text(NIGHT.replace("hold: 5s", "hold: 50s"))
    with pytest.raises(
        FileError, match=r"night.yaml:11: step 'job': hold: 50 s is longer than the whole play"
    ):
        plans.build(str(night), str(tmp_path / "mine.yaml"))


NIGHT = """\
name: night
title: Steps that depend on each other
if_missing: leave_out
load:
  timeout: 2s
  mix: {read: 1}
  baseline: {for: 2s, rate: 20}
  phases: [{name: play, for: 20s, rate: 20}]
steps:
  - {name: drop, fault: idle_drop, at: 1s, hold: 1s}
  - {name: job, fault: batch_job, at: 2s, hold: 5s}
  - {name: again, fault: batch_job, after: drop, hold: 1s}
slos:
  - {name: while_dropped, availability: 99%, step: drop}
  - {name: availability, availability: 99%}
abort:
  - {slo: while_dropped}
"""
