"""Notifications arrive at real receivers, once their time has come, and a failed one is only said."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Engine

from chaos import database
from chaos.notify import outbox
from chaos.notify.destinations import Apprise, Destination, Webhook
from chaos.notify.message import Event, Message
from chaos.notify.send import NotDelivered, send
from tests.notify.receivers import Mail, Web, mail, web

NOW = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
FAIL = Message(
    event=Event.FAIL,
    schedule="nightly",
    experiment="midnight",
    target="embedded",
    profile="fragile",
    due=NOW,
    headline="FAIL: availability 90% < 99%",
    verdict="fail",
    exit_code=1,
    run="20260301T023000Z-abcdef",
    report="/reports/midnight/20260301T023000Z-abcdef/report.html",
    figures={"availability": 0.9},
)


@pytest.fixture(name="hook")
def _hook() -> Iterator[Web]:
    with web() as kept:
        yield kept


@pytest.fixture(name="post")
def _post() -> Iterator[Mail]:
    with mail() as kept:
        yield kept


@pytest.fixture(name="opened")
def _opened(tmp_path: Path) -> Engine:
    return database.connect(f"sqlite:///{tmp_path / 'outbox.db'}")


def destination(**given: object) -> Webhook | Apprise:
    found: Webhook | Apprise = TypeAdapter(Destination).validate_python(given)
    return found


class Time:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


def put(opened: Engine, *names: str) -> None:
    with opened.begin() as connection:
        outbox.post(connection, names, FAIL, NOW)


def test_a_webhook_gets_the_documented_body_and_its_secret_header(
    hook: Web, opened: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "sesame-open")
    headers = {"authorization": {"env": "HOOK_TOKEN", "prefix": "Bearer "}}
    put(opened, "ci")
    assert outbox.deliver(opened, {"ci": destination(webhook=hook.url, headers=headers)}, Time()) == 1
    (body,) = hook.bodies
    assert len(body.pop("id")) == 16
    assert body == {
        "version": 1,
        "event": "fail",
        "schedule": "nightly",
        "experiment": "midnight",
        "target": "embedded",
        "profile": "fragile",
        "due": "2026-03-01T02:30:00+00:00",
        "headline": "FAIL: availability 90% < 99%",
        "verdict": "fail",
        "exit_code": 1,
        "run": "20260301T023000Z-abcdef",
        "report": "/reports/midnight/20260301T023000Z-abcdef/report.html",
        "figures": {"availability": 0.9},
    }
    assert hook.headers[0]["authorization"] == "Bearer sesame-open"


def test_a_mail_goes_out_through_apprise(post: Mail, opened: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"mailto://127.0.0.1:{post.port}?from=midnight@example.org&to=ops@example.org&mode=insecure"
    monkeypatch.setenv("OPS", address)
    put(opened, "ops")
    assert outbox.deliver(opened, {"ops": destination(apprise={"env": "OPS"})}, Time()) == 1
    (text,) = post.messages
    message = email.message_from_string(text, policy=email.policy.default)
    assert message["subject"] == "midnight: nightly: fail"
    lines = ["FAIL: availability 90% < 99%", "midnight against embedded, profile fragile"]
    assert message.get_content().splitlines()[:2] == lines


def test_a_rejected_notification_is_retried_with_growing_delays_until_delivered(
    hook: Web, opened: Engine
) -> None:
    hook.answers = [503, 500, 200]
    places, time = {"ci": destination(webhook=hook.url)}, Time()
    put(opened, "ci")
    assert outbox.deliver(opened, places, time) == 0
    with opened.begin() as connection:
        (row,) = outbox.undelivered(connection, time.at)
    assert (row.destination, row.attempts, row.error) == ("ci", 1, "answered with 503")
    assert outbox.deliver(opened, places, time) == 0 and len(hook.bodies) == 1
    time.at += timedelta(seconds=5)
    assert outbox.deliver(opened, places, time) == 0 and len(hook.bodies) == 2
    time.at += timedelta(seconds=5)
    assert outbox.deliver(opened, places, time) == 0 and len(hook.bodies) == 2
    time.at += timedelta(seconds=5)
    assert outbox.deliver(opened, places, time) == 1
    assert len({body["id"] for body in hook.bodies}) == 1
    with opened.begin() as connection:
        assert not outbox.undelivered(connection, time.at)


def test_a_notification_is_given_up_after_a_day(opened: Engine) -> None:
    time = Time()
    put(opened, "gone")
    for _ in range(200):
        outbox.deliver(opened, {}, time)
        time.at += timedelta(minutes=10)
    with opened.begin() as connection:
        (row,) = outbox.undelivered(connection, time.at)
    assert row.next_try is None and 100 < row.attempts < 200


def test_a_process_that_died_while_it_delivered_loses_nothing(hook: Web, opened: Engine) -> None:
    places, time = {"ci": destination(webhook=hook.url)}, Time()
    put(opened, "ci")
    with opened.begin() as connection:
        claimed = outbox.outbox.update().values(next_try=NOW + outbox.AN_ATTEMPT)
        connection.execute(claimed)  # as far as it came
    assert outbox.deliver(opened, places, time) == 0
    time.at += outbox.AN_ATTEMPT
    assert outbox.deliver(opened, places, time) == 1


def test_a_notification_found_by_two_senders_is_delivered_once(hook: Web, opened: Engine) -> None:
    places = {"ci": destination(webhook=hook.url)}
    put(opened, "ci")
    with opened.begin() as connection:
        row = connection.execute(outbox.outbox.select()).one()
    assert [outbox._attempt(opened, places, row, Time()) for _ in range(2)] == [True, False]
    assert len(hook.bodies) == 1


def test_a_destination_removed_from_the_file_does_not_hold_up_the_others(hook: Web, opened: Engine) -> None:
    put(opened, "gone", "ci")
    assert outbox.deliver(opened, {"ci": destination(webhook=hook.url)}, Time()) == 1
    with opened.begin() as connection:
        assert outbox.undelivered(connection, NOW)[0].error == "is no longer in schedules.yaml"


def test_a_missing_secret_is_reported_and_a_known_one_is_in_no_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OPS", raising=False)
    with pytest.raises(NotDelivered, match="OPS is not set"):
        send("ops", destination(apprise={"env": "OPS"}), {})
    monkeypatch.setenv("OPS", "http://127.0.0.1:9/T0KEN-part\tx")
    with pytest.raises(NotDelivered) as told:
        send("ops", destination(webhook={"env": "OPS"}), {})
    assert "T0KEN" not in str(told.value)


def test_an_apprise_address_is_not_allowed_in_the_file() -> None:
    with pytest.raises(ValidationError) as told:
        destination(apprise="slack://tokenA/tokenB/tokenC")
    assert "must be a reference" in str(told.value)


def test_a_destination_that_names_no_way_is_refused_with_both() -> None:
    with pytest.raises(ValidationError) as told:
        destination(email="ops@example.com")
    assert "must be {apprise: {env: NAME}} or {webhook: URL}" in str(told.value)
