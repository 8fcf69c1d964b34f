"""A recorded series is there only if something that it is made of is."""

from __future__ import annotations

from chaos.alerts.replay import _with_recorded
from chaos.alerts.rules import Rule, Selector


def recorded(name: str, *of: str) -> Rule:
    return Rule("", name, "", 0.0, tuple(map(Selector, of)))


def test_what_is_recorded_of_nothing_is_not_there() -> None:
    rules = [
        recorded("pool:share", "pool:used", "pool:size"),
        recorded("pool:used", "app_used"),
        recorded("pool:size", "app_size"),
        recorded("queue:length", "app_queue"),
        recorded("one"),
    ]
    assert _with_recorded({"app_used"}, rules) == {"app_used", "pool:used", "pool:share", "one"}
    assert _with_recorded(set(), rules) == {"one"}
