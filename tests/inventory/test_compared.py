"""What a run has left behind, by its two inventories and what its steps say of themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.checks import left_behind
from chaos.checks.finding import Outcome
from chaos.checks.judged import Judged
from chaos.checks.verdict import judge
from chaos.faults.logrotate import Logrotate
from chaos.record.inventory import document
from chaos.record.inventory.document import KINDS, Inventory
from chaos.record.journal import Event, Journal
from tests.checks.synthetic import Night, step_events

PROXY = "proxy database at http://127.0.0.1:8474"
TOXIC = f"toxic slow of {PROXY}"
ENABLED = Inventory(
    {"proxies": {PROXY: {"enabled": True, "listen": "127.0.0.1:1"}, TOXIC: {"type": "latency"}}}
)
DISABLED = Inventory({"proxies": {PROXY: {"enabled": False, "listen": "127.0.0.1:1"}}})


def step(**said: Any) -> list[Event]:
    """A step that says this of what it touches and explains."""
    first, *rest = step_events("drop", 20.0, 22.0)
    return [replace(first, detail={**first.detail, **said}), *rest]


def attached(journal: Journal) -> Journal:
    """The same run, on a target that was running before."""
    replace(journal.manifest, started_by_us=False).save(journal.run)
    return Journal(journal.run)


def night(path: Path, before: Inventory | None, after: Inventory | None, **said: Any) -> Any:
    """A night on a target that midnight did not start, whose step says this of itself."""
    experiment, journal = Night(steps=step(**said)).write(path)
    journal = attached(journal)
    for inventory, place in ((before, journal.run.inventory_before), (after, journal.run.inventory_after)):
        if inventory is not None:
            document.save(inventory, place)
    return experiment, journal


def finding(*args: Any, **said: Any) -> Any:
    (found,) = left_behind.check(Judged(*night(*args, **said)))
    return found


def test_a_thing_left_changed_by_a_step_fails_with_exit_6_in_the_headline(tmp_path: Path) -> None:
    verdict = judge(Judged(*night(tmp_path, ENABLED, DISABLED, touches=["proxies"])))
    assert (verdict.outcome, verdict.exit_code) == (Outcome.FAIL, 6)
    assert verdict.headline.startswith(f"FAIL: left behind: {PROXY}: enabled was True, is False; ")
    assert verdict.reasons[0] == f"left behind: {PROXY}: enabled was True, is False; {TOXIC} is gone"


def test_an_unchanged_inventory_passes(tmp_path: Path) -> None:
    found = finding(tmp_path, ENABLED, ENABLED, touches=["proxies"])
    assert (found.outcome, found.because) == (
        Outcome.PASS,
        "2 things compared: what the steps touched is as before",
    )


def test_a_change_that_no_step_touches_is_only_noted(tmp_path: Path) -> None:
    found = finding(tmp_path, ENABLED, DISABLED, touches=["files"])
    assert found.outcome is Outcome.PASS and len(found.evidence["noted"]) == 2


def test_a_step_that_does_not_say_what_it_touches_answers_for_everything(tmp_path: Path) -> None:
    assert finding(tmp_path, ENABLED, DISABLED).outcome is Outcome.FAIL


def test_a_change_that_a_step_explains_is_not_left_behind(tmp_path: Path) -> None:
    claim = {"kind": "proxies", "thing": "toxic *", "fields": ["gone"]}
    found = finding(tmp_path, ENABLED, DISABLED, touches=["proxies"], explains=[claim])
    assert found.evidence["left"] == [f"{PROXY}: enabled was True, is False"]


@pytest.mark.parametrize(
    ("kind", "place"), [("proxies", "at http://127.0.0.1:8474"), ("servers", "of primary")]
)
def test_an_unreadable_thing_is_unknown_if_a_step_touches_it(tmp_path: Path, kind: str, place: str) -> None:
    unread = replace(DISABLED, unread={kind: {place: "connection refused"}})
    found = finding(tmp_path, ENABLED, unread, touches=["proxies"])
    if kind == "proxies":
        assert found.outcome is Outcome.UNKNOWN and "connection refused" in found.because
    else:
        assert found.outcome is Outcome.FAIL


@pytest.mark.parametrize("missing", ["before", "after"])
def test_without_an_inventory_it_is_unknown_and_no_pass(tmp_path: Path, missing: str) -> None:
    pair = (None, ENABLED) if missing == "before" else (ENABLED, None)
    found = finding(tmp_path, *pair, touches=["proxies"])
    assert found.outcome is Outcome.UNKNOWN and "no inventory was taken" in found.because


def test_a_damaged_inventory_is_unknown(tmp_path: Path) -> None:
    experiment, journal = night(tmp_path, ENABLED, ENABLED)
    journal.run.inventory_after.write_text('{"version": 1, "thi')
    (found,) = left_behind.check(Judged(experiment, journal))
    assert found.outcome is Outcome.UNKNOWN and "cannot read inventory-after.json" in found.because


def test_a_target_that_midnight_started_has_no_inventory_finding(tmp_path: Path) -> None:
    experiment, journal = Night().write(tmp_path)
    assert left_behind.check(Judged(experiment, journal)) == []


def test_a_run_whose_steps_never_began_leaves_nothing(tmp_path: Path) -> None:
    experiment, journal = Night(steps=[]).write(tmp_path)
    journal = attached(journal)
    assert left_behind.check(Judged(experiment, journal)) == []


def test_a_container_that_is_down_is_left_behind_and_one_that_restarted_is_noted(tmp_path: Path) -> None:
    def there(status: str, restarts: int) -> Inventory:
        return Inventory({"containers": {"container shop-api-1": {"status": status, "~restarts": restarts}}})

    assert finding(tmp_path / "a", there("running", 0), there("running", 2)).outcome is Outcome.PASS
    assert finding(tmp_path / "b", there("running", 0), there("exited", 0)).because == (
        "left behind: container shop-api-1: status was running, is exited"
    )


def test_a_container_removed_or_replaced_during_the_run_is_noted(tmp_path: Path) -> None:
    def there(number: str, image: str) -> Inventory:
        return Inventory({"containers": {"container shop-api-1": {"~id": number, "image": image}}})

    before = there("one", "shop:1")
    replaced = finding(tmp_path / "a", before, there("two", "shop:2"))
    removed = finding(tmp_path / "b", before, Inventory())
    assert (replaced.outcome, removed.outcome) == (Outcome.PASS, Outcome.PASS)
    assert replaced.evidence["noted"] == ["container shop-api-1: id was one, is two"]
    assert removed.evidence["noted"] == ["container shop-api-1 is gone"]


def test_an_inventory_is_stored_and_read_as_it_is(tmp_path: Path) -> None:
    inventory = Inventory({"files": {"/x": {"size": 1}}}, {"servers": {"of a": "b"}}, ({"kind": KINDS[0]},))
    document.save(inventory, tmp_path / "one.json")
    assert document.load(tmp_path / "one.json") == inventory
    assert document.load(tmp_path / "two.json") is None


@pytest.mark.parametrize(
    ("undo", "left"),
    [
        ({}, 2),
        ({"explained": {"ends": ["/var/log/app.log.[7]"]}}, 1),
        ({"explained": {"ends": ["/var/log/app.log.[7]"], "made": ["/var/log/app.log"]}}, 0),
    ],
    ids=["by midnight's stanza", "which removes the oldest", "by the team's own, which makes the log anew"],
)
def test_an_archive_is_lost_by_the_teams_own_rule_alone(
    tmp_path: Path, undo: dict[str, Any], left: int
) -> None:
    def file(**more: Any) -> dict[str, Any]:
        plain = {"type": "file", "inode": 1, "size": 1, "owner": "0:0", "mode": "0644", "live": False}
        return {**plain, **more}

    log, archive = "/var/log/app.log", "/var/log/app.log.[7]"
    before = Inventory({"files": {log: file(live=True), archive: file(inode=2)}})
    after = Inventory({"files": {log: file(live=True, inode=3, mode="0640")}})
    claims = Logrotate.explains(undo)
    found = finding(tmp_path, before, after, touches=["files"], explains=claims)
    assert len(found.evidence["left"]) == left
