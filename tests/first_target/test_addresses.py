"""A password that a variable holds goes to this machine only."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from chaos.first_target import stores, variables, writing
from chaos.first_target.draft import Draft


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The connections that were tried, by their parameters; none of them is made."""
    tried: list[dict[str, Any]] = []

    def connect(conninfo: str = "", **given: Any) -> None:
        tried.append({**conninfo_to_dict(conninfo), **given})
        raise psycopg.OperationalError("refused")

    monkeypatch.setattr(psycopg, "connect", connect)
    monkeypatch.setenv("TOXIPROXY_URL", "http://127.0.0.1:1")
    return tried


def _described(monkeypatch: pytest.MonkeyPatch, value: str) -> str:
    monkeypatch.setenv("ADMIN_DSN", value)
    draft = Draft("shop", "attach")
    stores.describe(draft, list(variables.addresses({"ADMIN_DSN": value})), None, "the environment")
    return writing.target(draft, None, date(2026, 1, 1))


def _words(text: str) -> str:
    """Without the line breaks of its comments."""
    return " ".join(text.replace("#", " ").split())


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://app:word-of-the-night@127.evil.example:5432/app",
        "postgresql://app:word-of-the-night@127.0.0.1.evil.example/app",
        "postgresql://app:word-of-the-night@localhost.evil.example/app",
        "postgresql://app:word-of-the-night@127.1/app",
        "postgresql://app:word-of-the-night@127.0.0.1,db.evil.example:5432/app",
        "postgresql://app:word-of-the-night@/app?host=127.0.0.1,db.evil.example",
        "postgresql://app:word-of-the-night@/app?host=/tmp,db.evil.example",
        "postgresql://app:word-of-the-night@127.0.0.1/app?hostaddr=192.0.2.1",
        "postgresql://app:word-of-the-night@localhost/app?hostaddr=192.0.2.1",
        "postgresql://app:word-of-the-night@localhost/app?service=elsewhere",
        "postgresql://app:word-of-the-night@localhost/app?passfile=/tmp/other",
        "postgresql://app:word-of-the-night@/app",  # where PGHOST says
    ],
)
def test_no_password_is_sent_to_what_may_be_another_machine(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    text = _described(monkeypatch, value)
    assert asked == []
    assert not any(line.lstrip().startswith("primary:") for line in text.splitlines())
    assert "word-of-the-night" not in text


def test_the_name_localhost_of_another_machine_is_refused(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("192.0.2.1", 0))])
    text = _described(monkeypatch, "postgresql://app:word-of-the-night@localhost/app")
    assert asked == []
    assert "is not this machine" in _words(text)


@pytest.mark.parametrize(
    ("value", "hostaddr"),
    [
        ("postgresql://app:word-of-the-night@127.0.0.1:5432/app", "127.0.0.1"),
        ("postgresql://app:word-of-the-night@127.0.0.53/app?connect_timeout=60", "127.0.0.53"),
        ("postgresql://app:word-of-the-night@[::1]/app", "::1"),
        ("postgresql://app:word-of-the-night@/app?host=/var/run/postgresql", ""),
    ],
)
def test_this_machine_is_asked_at_the_address_resolved_for_three_seconds(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, value: str, hostaddr: str
) -> None:
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    text = _described(monkeypatch, value)
    assert [(each["hostaddr"], int(each["connect_timeout"])) for each in asked] == [(hostaddr, 3)]
    assert asked[0]["password"] == "word-of-the-night"
    assert "refuses the login now (OperationalError)" in _words(text)
    assert "word-of-the-night" not in text


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("/var/run/postgresql", True),
        ("", True),
        ("127.evil.example", False),
        ("127.0.0.1,db", False),
        ("/tmp,db", False),
        ("@abstract", False),
        ("192.0.2.1", False),
        ("db.internal", False),
    ],
)
def test_what_is_this_machine_for_certain(host: str, here: bool) -> None:
    assert variables.Address("DSN", "postgresql", host, 5432, "").here is here
