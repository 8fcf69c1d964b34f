"""`midnight metrics`: what is exported agrees with the history, the schedules and the runs in progress."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from chaos import cli
from chaos.access.listen import host_and_port
from chaos.errors import UsageError
from chaos.metrics import collecting, families, out
from chaos.record import store
from chaos.record.store import RunDir
from chaos.undo.locks import hold_lock
from tests.history.stored import Stored
from tests.schedule.plans import came_to

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
Labels = tuple[tuple[str, str], ...]


@pytest.fixture(autouse=True)
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "reports"
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(place))
    monkeypatch.setenv("MIDNIGHT_DATABASE", f"sqlite:///{tmp_path / 'all.db'}")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return place


def exported(text: str | None = None) -> dict[tuple[str, Labels], float]:
    given = out.text(collecting.registry()) if text is None else text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(given)
        for sample in family.samples
    }


def labels(**given: str) -> Labels:
    return tuple(sorted(given.items()))


NIGHT = {"experiment": "midnight", "target": "embedded", "profile": "hardened"}


def test_the_last_run_of_each_experiment_target_and_profile_is_exported(reports: Path) -> None:
    Stored(night=0, verdict="fail", exit_code=1).write(reports)
    Stored(night=1, figures={"p99": 0.25}).write(reports)
    Stored(night=2, profile="fragile", verdict="fail", exit_code=1).write(reports)
    found = exported()
    verdicts = {
        key[1]: value for key, value in found.items() if key[0] == "midnight_run_verdict" and value == 1
    }
    assert set(verdicts) == {
        labels(**NIGHT, midnight_run_verdict="pass"),
        labels(**NIGHT | {"profile": "fragile"}, midnight_run_verdict="fail"),
    }
    assert found["midnight_run_latency_p99_seconds", labels(**NIGHT)] == 0.25
    assert found["midnight_runs_stored", labels(**NIGHT)] == 2
    started = found["midnight_run_started_timestamp_seconds", labels(**NIGHT)]
    assert datetime.fromtimestamp(started, UTC) == Stored(night=1).started


def test_no_label_holds_the_id_of_a_run(reports: Path) -> None:
    run = Stored().write(reports)
    assert run.id not in out.text(collecting.registry())


def test_the_age_of_a_drill_counts_from_the_last_that_passed_whole(reports: Path) -> None:
    drill = {"drill": True}
    Stored(night=3, experiment="dr-drill", about=drill).write(reports)
    Stored(night=4, experiment="dr-drill", about=drill, effects=("pass", "unknown")).write(reports)
    Stored(night=5, experiment="dr-drill", about=drill, verdict="fail", exit_code=1).write(reports)
    found = exported()
    last = found["midnight_drill_last_pass_timestamp_seconds", labels(target="embedded")]
    assert datetime.fromtimestamp(last, UTC) == Stored(night=3).started
    age = found["midnight_drill_age_seconds", labels(target="embedded")]
    assert age == pytest.approx(datetime.now(UTC).timestamp() - last, abs=60)


def test_without_a_passing_drill_its_age_is_absent(reports: Path) -> None:
    Stored(experiment="dr-drill", about={"drill": True}, verdict="fail", exit_code=1).write(reports)
    assert not [name for name, _ in exported() if name.startswith("midnight_drill")]


@pytest.fixture
def begun() -> RunDir:
    """A run with two steps, of which the first acts; it is listed as not healed."""
    run = store.create_run("night")
    manifest = {
        "version": 2,
        "id": run.id,
        "experiment": {"name": "night"},
        "target": {"name": "shop"},
        "profile": None,
        "plan": [{"step": "slow", "fault": "latency"}, {"step": "gone", "fault": "cut_off"}],
    }
    run.run_file.write_text(json.dumps(manifest))
    event = {
        "at": 1.0,
        "source": "step",
        "name": "slow",
        "phase": "injecting",
        "detail": {"fault": "latency"},
    }
    run.events.write_text(f"{json.dumps({'version': 2})}\n{json.dumps(event)}\n")
    store.mark_unhealed(run)
    return run


def active(found: dict[tuple[str, Labels], float]) -> dict[str, float]:
    return {dict(key[1])["step"]: value for key, value in found.items() if key[0] == "midnight_fault_active"}


def test_a_fault_is_active_from_its_injection_until_it_is_undone(begun: RunDir) -> None:
    with hold_lock(begun):
        found = exported()
        assert (found["midnight_runs_in_progress", ()], found["midnight_runs_unhealed", ()]) == (1, 0)
        assert active(found) == {"slow": 1, "gone": 0}
        undone = {"at": 2.0, "source": "step", "name": "slow", "phase": "undone", "detail": {}}
        with begun.events.open("a") as file:
            file.write(json.dumps(undone) + "\n")
        assert active(exported()) == {"slow": 0, "gone": 0}


@pytest.mark.usefixtures("begun")
def test_a_run_that_nobody_plays_is_unhealed_and_no_fault_is_active() -> None:
    found = exported()
    assert (found["midnight_runs_in_progress", ()], found["midnight_runs_unhealed", ()]) == (0, 1)
    assert active(found) == {}


def counted(found: dict[tuple[str, Labels], float], schedule: str) -> dict[str, float]:
    """The due times of a schedule, by state."""
    return {
        of["state"]: value
        for (name, given), value in found.items()
        if name == "midnight_schedule_occurrences_total" and (of := dict(given))["schedule"] == schedule
    }


def test_what_became_of_due_times_is_counted_by_schedule_and_state() -> None:
    came_to("ended", "ended", "missed", "refused", "running")
    assert counted(exported(), "nightly") == {"ended": 2, "missed": 1, "skipped": 0, "refused": 1}


@pytest.fixture(name="nightly")
def _nightly(tmp_path: Path) -> Path:
    file = tmp_path / "schedules.yaml"
    file.write_text("schedules: [{name: nightly, experiment: smoke, when: '0 0 * * *', timezone: UTC}]\n")
    return file


def test_a_schedule_is_counted_from_0_so_that_its_first_missed_night_is_an_increase(nightly: Path) -> None:
    registry = collecting.registry(collecting.schedules_of(nightly))
    none = dict.fromkeys(("ended", "missed", "skipped", "refused"), 0.0)
    assert counted(exported(out.text(registry)), "nightly") == none
    came_to("missed")
    assert counted(exported(out.text(registry)), "nightly") == none | {"missed": 1}


def test_the_next_start_comes_from_the_schedule_file(nightly: Path) -> None:
    text = out.text(collecting.registry(collecting.schedules_of(nightly)))
    found = exported(text)
    following = found["midnight_schedule_next_due_timestamp_seconds", labels(schedule="nightly")]
    assert following % 86_400 == 0 and following > datetime.now(UTC).timestamp()
    assert found["midnight_schedule_paused", labels(schedule="nightly")] == 0


def test_a_part_that_cannot_be_read_is_reported_and_hides_no_other(tmp_path: Path, reports: Path) -> None:
    Stored().write(reports)
    file = tmp_path / "schedules.yaml"
    file.write_text("schedules: nothing\n")
    found = exported(out.text(collecting.registry(collecting.schedules_of(file))))
    up = {dict(key[1])["part"]: value for key, value in found.items() if key[0] == "midnight_metrics_part_up"}
    assert up == {"runs": 1, "drills": 1, "progress": 1, "schedules": 0}
    assert ("midnight_run_exit_code", labels(**NIGHT)) in found


def test_the_metrics_are_served_until_the_end(reports: Path) -> None:
    Stored().write(reports)
    with out.served("127.0.0.1:0", collecting.registry()) as url:
        answer = httpx.get(url, trust_env=False)
        assert answer.status_code == 200
        assert ("midnight_run_exit_code", labels(**NIGHT)) in exported(answer.text)
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_an_address_in_use_is_refused_in_one_line() -> None:
    with out.served("127.0.0.1:0", collecting.registry()) as url:
        taken = url.removeprefix("http://").removesuffix("/metrics")
        with pytest.raises(UsageError, match="cannot listen there"), out.served(taken, collecting.registry()):
            pass


@pytest.mark.parametrize("address", ["9464", "localhost", "127.0.0.1:x", "127.0.0.1:70000", ""])
def test_an_address_without_host_and_port_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="must be HOST:PORT"):
        host_and_port("--metrics", address, "127.0.0.1:9464")


def test_a_textfile_is_replaced_as_a_whole(tmp_path: Path, reports: Path) -> None:
    Stored().write(reports)
    file = tmp_path / "midnight.prom"
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            cli.main(["metrics", "--textfile", str(file)])
        assert not ended.value.code
    assert ("midnight_run_exit_code", labels(**NIGHT)) in exported(file.read_text())
    assert [each.name for each in tmp_path.glob("*.prom*")] == ["midnight.prom"]


@pytest.mark.parametrize("name", ["midnight.txt", "gone/midnight.prom"])
def test_a_textfile_that_nothing_would_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="--textfile"):
        out.write_file(tmp_path / name, collecting.registry())


@pytest.fixture(name="every")
def _every() -> list[families.Family]:
    return list(families.families())


def test_names_follow_the_conventions(every: list[families.Family]) -> None:
    names = [each.exposed for each in every]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"midnight_[a-z0-9_]+", name) for name in names)
    assert [each.exposed for each in every if each.exposed.endswith("_total")] == [
        each.exposed for each in every if each.kind == "counter"
    ]
    for each in every:
        for word, unit in {"bytes": "_bytes", "seconds": "_seconds"}.items():
            assert not each.help.lower().startswith(word) or each.exposed.endswith(unit), each.exposed
    assert not any("run" in each.labels or "id" in each.labels for each in every)


def test_the_docs_list_every_metric_and_no_other(every: list[families.Family]) -> None:
    rows = re.findall(r"^\| `(midnight_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", DOCS.read_text(), re.M)
    assert rows == [
        (each.exposed, each.kind, ", ".join(f"`{label}`" for label in each.labels), each.help)
        for each in every
    ]
