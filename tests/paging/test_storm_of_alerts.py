"""Hundreds of alerts at a time: those that the experiment expects are watched all the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chaos.paging import watch
from chaos.paging.ends import Ends
from chaos.paging.receiver import Notified
from chaos.paging.server import Server
from chaos.paging.watch import MOST, Watch
from chaos.record.event import Recorded
from chaos.record.events import AlertDelivered, AlertFiring, AlertResolved, AlertRouted
from chaos.record.journal import Clock
from tests.accepting import answering
from tests.paging.test_watching import Answering

EXPECTED = frozenset({"ShopDown"})
AT = "2026-11-27T00:00:00Z"


@pytest.fixture
def served() -> Iterator[tuple[type[Answering], Server]]:
    handler = type("Handler", (Answering,), {})
    with answering(handler) as url:
        yield handler, Server(url)


def pods(*numbers: int) -> list[dict[str, str]]:
    return [{"alertname": "KubePodCrashLooping", "pod": f"p{number:04d}"} for number in numbers]


SHOP = {"alertname": "ShopDown"}


def of_prometheus(labels: list[dict[str, str]]) -> bytes:
    rules = [
        {
            "name": name,
            "duration": 0,
            "lastEvaluation": AT,
            "alerts": [
                {"labels": each, "state": "firing", "activeAt": AT}
                for each in labels
                if each["alertname"] == name
            ],
        }
        for name in ("KubePodCrashLooping", "ShopDown")
    ]
    return json.dumps({"data": {"groups": [{"interval": 1, "rules": rules}]}}).encode()


def named(events: list[Recorded], kind: type[Recorded], name: str) -> list[Any]:
    return [each for each in events if isinstance(each, kind) and each.name == name]


def test_an_expected_alert_stays_there_however_many_others_fire(
    served: tuple[type[Answering], Server],
) -> None:
    handler, server = served
    events: list[Recorded] = []
    seen = watch._OfPrometheus(server, Clock(0.0), events.append, EXPECTED)
    for others in (MOST - 1, MOST, MOST + 100, MOST - 1):
        handler.body = of_prometheus([*pods(*range(others)), SHOP])
        seen.look()
    assert len(named(events, AlertFiring, "ShopDown")) == 1
    assert not named(events, AlertResolved, "ShopDown")
    assert len(named(events, AlertFiring, "KubePodCrashLooping")) == MOST


def test_an_alert_that_still_fires_is_not_resolved_by_those_that_are_sorted_before_it(
    served: tuple[type[Answering], Server],
) -> None:
    handler, server = served
    events: list[Recorded] = []
    seen = watch._OfPrometheus(server, Clock(0.0), events.append, EXPECTED)
    for numbers in (range(MOST, 2 * MOST), range(2 * MOST), range(MOST + 1, 2 * MOST)):
        handler.body = of_prometheus(pods(*numbers))
        seen.look()
    (gone,) = named(events, AlertResolved, "KubePodCrashLooping")
    assert gone.labels == {"pod": f"p{MOST:04d}"}


def test_an_expected_alert_itself_is_journaled_up_to_a_limit(served: tuple[type[Answering], Server]) -> None:
    handler, server = served
    events: list[Recorded] = []
    handler.body = of_prometheus([*pods(*range(MOST + 1)), SHOP])
    watch._OfPrometheus(server, Clock(0.0), events.append, EXPECTED | {"KubePodCrashLooping"}).look()
    assert len(named(events, AlertFiring, "KubePodCrashLooping")) == MOST
    assert named(events, AlertFiring, "ShopDown")


def test_an_expected_alert_is_found_at_the_end_of_alertmanagers_list(
    served: tuple[type[Answering], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, server = served
    monkeypatch.setattr(watch, "is_wired", lambda _: True)
    events: list[Recorded] = []
    status = {"receivers": [{"name": "midnight"}], "status": {"state": "active"}}
    handler.body = json.dumps([{"labels": each, **status} for each in [*pods(*range(MOST)), SHOP]]).encode()
    watch._OfAlertmanager(server, events.append, EXPECTED).look()
    assert named(events, AlertRouted, "ShopDown")
    assert len(named(events, AlertRouted, "KubePodCrashLooping")) == MOST


def test_a_delivery_of_an_expected_alert_is_journaled_after_any_number_of_others() -> None:
    events: list[Recorded] = []
    found = Watch(Ends(Server("http://127.0.0.1:9"), None, None), Clock(0.0), events.append, EXPECTED)
    found._got([Notified("KubePodCrashLooping", {}, "firing")] * (MOST + 1))
    found._got([Notified("ShopDown", {}, "firing")])
    assert len(named(events, AlertDelivered, "KubePodCrashLooping")) == MOST
    assert len(named(events, AlertDelivered, "ShopDown")) == 1
