"""Collisions: by the minute, the disk, the database and its connections; and where there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chaos.survey import calendar, collisions, shown
from chaos.survey import night as nights
from chaos.survey.collisions import Collision
from chaos.survey.entry import Entry, Took, Uses
from tests.survey.surveying import BERLIN, night


def entry(
    name: str, at: str, spread: int = 0, uses: Uses | None = None, took: float = 0, turn: str = ""
) -> Entry:
    """A job at this time, up to `spread` seconds late."""
    return Entry(
        kind="cron",
        name=name,
        source=f"/etc/crontab:{name}",
        schedule=at,
        zone=BERLIN.key,
        when=calendar.spread_over(calendar.parse(at, BERLIN), timedelta(seconds=spread)),
        uses=uses or Uses(),
        took=Took(took, took, 3, "journal") if took else None,
        turn=turn,
    )


def found(*entries: Entry, most: dict[str, int] | None = None) -> list[Collision]:
    return collisions.find(nights.plan(entries, night()), most or {})


def names(entries: tuple[Entry, ...]) -> set[str]:
    return {each.name for each in entries}


def test_two_jobs_of_one_minute_collide_and_of_two_minutes_do_not() -> None:
    (each,) = found(entry("a", "01:00"), entry("b", "01:00:59"), entry("c", "01:01"))
    assert names(each.sure) == {"a", "b"}
    assert found(entry("a", "01:00"), entry("c", "01:01")) == []


def test_the_default_accuracy_of_a_timer_keeps_its_minute() -> None:
    assert found(entry("a", "01:00", spread=60), entry("b", "01:01")) == []
    (each,) = found(entry("a", "01:00", spread=60), entry("b", "01:00"))
    assert names(each.sure) == {"a", "b"}


@pytest.mark.parametrize(
    ("at", "collides"), [("00:59", False), ("01:00", True), ("01:29", True), ("01:30", False)]
)
def test_a_job_that_may_start_in_a_stretch_may_collide_within_it_only(at: str, collides: bool) -> None:
    perhaps = found(entry("late", "01:00", spread=1800), entry("b", at))
    assert bool(perhaps) == collides
    assert all((names(each.sure), names(each.may)) == ({"b"}, {"late"}) for each in perhaps)


def test_two_stretches_that_overlap_are_one_collision() -> None:
    (each,) = found(entry("a", "01:00", spread=1800), entry("b", "01:10", spread=1800))
    assert (names(each.sure), names(each.may), f"{each.at:%H:%M}") == (set(), {"a", "b"}, "00:10")


def test_what_runs_one_after_another_never_collides() -> None:
    assert found(entry("a", "01:00", turn="/etc/crontab:1"), entry("b", "01:00", turn="/etc/crontab:1")) == []


def test_what_runs_one_after_another_shares_no_disk_either() -> None:
    disk, other = Uses(disks=frozenset({1})), Uses(disks=frozenset({2}))
    daily = [entry(name, "01:00", uses=disk, turn="/etc/crontab:1") for name in "ab"]
    (each,) = found(*daily, entry("c", "01:00", uses=other))
    assert each.shared.disk == ()
    (each,) = found(*daily, entry("c", "01:00", uses=disk))
    assert names(each.shared.disk) == {"a", "b", "c"}


def test_what_starts_all_night_or_at_any_hour_is_left_out() -> None:
    often, any_hour = entry("often", "*:0/5"), entry("any", "00:00", spread=5 * 3600)
    assert found(often, any_hour, entry("a", "01:00")) == []


def test_what_shares_a_disk_is_named_and_what_does_not_is_not() -> None:
    uses = [Uses(disks=frozenset({1})), Uses(disks=frozenset({1, 2})), Uses(disks=frozenset({3})), Uses()]
    (each,) = found(*(entry(name, "01:00", uses=use) for name, use in zip("abcd", uses, strict=True)))
    assert names(each.shared.disk) == {"a", "b"}


def test_connections_of_one_server_are_summed_against_its_limit() -> None:
    one, other = "postgresql localhost:5432", "postgresql db:5432"
    (each,) = found(
        entry("a", "01:00", uses=Uses(database=one, connections=5)),
        entry("b", "01:00", uses=Uses(database=one, connections=3)),
        entry("c", "01:00", uses=Uses(database=other, connections=90)),
        most={one: 20},
    )
    assert list(shown.shared(each)) == [f"same database, {one}; 8 connections of 20: a (cron), b (cron)"]


def test_where_one_number_of_connections_is_unknown_the_sum_is_a_least() -> None:
    uses = [Uses(database="postgresql x:1", connections=5), Uses(database="postgresql x:1")]
    (each,) = found(*(entry(name, "01:00", uses=use) for name, use in zip("ab", uses, strict=True)))
    assert each.shared.connections == {"postgresql x:1": "at least 5 connections"}


@pytest.mark.parametrize(("took", "collides"), [(0, False), (1700, False), (1900, True)])
def test_a_job_that_still_runs_by_its_record_meets_one_that_starts_on_its_disk(
    took: float, collides: bool
) -> None:
    disk = Uses(disks=frozenset({1}))
    perhaps = found(entry("long", "01:00", uses=disk, took=took), entry("b", "01:30", uses=disk))
    assert [(names(each.sure), names(each.running)) for each in perhaps] == (
        [({"b"}, {"long"})] if collides else []
    )
    assert found(entry("long", "01:00", took=1900), entry("b", "01:30", uses=disk)) == []
