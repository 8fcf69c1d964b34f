"""A whole run on a service with a login: every request is signed in, and the token is nowhere to be read."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from tests.accepting import answering
from tests.attach.files import CONSENT
from tests.midnight import Midnight
from tests.typed import typed

PASSWORD = "hunter2-of-the-shop"
EXPERIMENT = """\
name: signed
title: Requests that only a client with a token may send
load:
  timeout: 8s
  mix: {add: 2, ask: 1}
  baseline: {for: 1s, rate: 10, p99: 8s}
  phases: [{name: play, for: 2s, rate: 15}]
slos: [{name: availability, availability: 100%}]
instrument: {lag: 900ms, run_delay: 100%}
"""
TARGET = """\
name: shop
driver: attach
%(consent)s
ready: /ready
session:
  - {method: POST, path: /login, json: {password: {secret: {env: SHOP_PASSWORD}}}, take: {token: $.token}}
headers: {Authorization: "Bearer {token}"}
routes:
  add:
    method: POST
    path: /items
    json: {title: "{uuid}", n: "{item}"}
    items: 9
    expect: {status: 201, json: {$.title: "{uuid}"}}
  ask:
    path: /ask
    query: {who: "{row.name}"}
    rows: %(rows)s
    expect: {json: {$.errors: absent, $.who: "{row.name}"}}
options: {base_url: "%(url)s"}
"""


class _Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tokens: set[str]
    titles: list[str]
    asked: list[str]
    repeats = False  # answers each question with the headers that it was asked with, and 500

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(self.path)
        if self.path == "/login":
            token = f"tk-{uuid.uuid4().hex}"
            self.tokens.add(token)
            good = given == {"password": PASSWORD}
            self._say(200 if good else 401, {"token": token} if good else {"given": given})
        elif not self._is_signed_in():
            self._say(403, {})
        elif given["title"] in self.titles:
            self._say(409, {})
        else:
            self.titles.append(given["title"])
            self._say(201, {"title": given["title"]})

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path != "/ready" and not self._is_signed_in():
            self._say(403, {})
            return
        if self.repeats and self.path != "/ready":
            self._say(500, dict(self.headers))
            return
        names = {"Ada%2BL": "Ada+L", "Zo%C3%AB+Q": "Zoë Q"}
        self._say(
            200, {"who": names.get(self.path.partition("who=")[2]), "token": self.headers["Authorization"]}
        )

    def _is_signed_in(self) -> bool:
        return str(self.headers["Authorization"]).removeprefix("Bearer ") in self.tokens

    def _say(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def shop() -> Iterator[str]:
    """The address of the service."""
    _Shop.tokens, _Shop.titles, _Shop.asked = set(), [], []
    with answering(_Shop) as url:
        yield url


def written(midnight: Midnight, shop: str) -> tuple[str, str, str]:
    rows = midnight.file("users.csv", "name\nAda+L\nZoë Q\n")
    target = TARGET % {"consent": CONSENT, "rows": rows, "url": shop}
    return midnight.file("signed.yaml", EXPERIMENT), "--target", midnight.file("shop.yaml", target)


@pytest.mark.real
@pytest.mark.usefixtures("own_place")
def test_every_request_is_signed_in_and_no_file_holds_the_token(
    midnight: Midnight, shop: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    done = typed(capsys, "run", *written(midnight, shop))
    assert done.code == 0, done.printed
    assert len(set(_Shop.titles)) == len(_Shop.titles) > 10
    assert _Shop.asked.count("/login") == 2, "again before what comes after the play"
    secrets = {PASSWORD.encode(), *(token.encode() for token in _Shop.tokens)}
    for path in midnight.place.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(secret in content for secret in secrets), path
    assert not any(secret.decode() in done.printed for secret in secrets)


@pytest.mark.real
@pytest.mark.usefixtures("own_place")
def test_no_secret_of_a_header_is_kept_of_an_answer_that_repeats_it(
    midnight: Midnight, shop: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Shop, "repeats", True)
    tenant, origin = "Qj77zzKw91", "Vx42qqZt13"
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHOP_TENANT", tenant)
    given = written(midnight, shop)
    own = (
        f"headers: {{X-Tenant: {{env: SHOP_TENANT}}, X-Origin: {{file: {midnight.file('origin', origin)}}}, "
    )
    midnight.file("shop.yaml", (midnight.place / "shop.yaml").read_text().replace("headers: {", own, 1))
    midnight.file("signed.yaml", EXPERIMENT.replace("p99: 8s", "p99: 8s, availability: 10%"))
    done = typed(capsys, "run", *given)
    assert done.code == 1, done.printed
    (samples,) = (midnight.place / "reports").rglob("bad_answers.jsonl")
    assert "X-Tenant" in samples.read_text()
    for path in (midnight.place / "reports").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert tenant.encode() not in content and origin.encode() not in content, path
    assert tenant not in done.printed and origin not in done.printed


@pytest.mark.real
@pytest.mark.usefixtures("own_place")
def test_a_login_that_fails_ends_the_run_before_anything_is_touched(
    midnight: Midnight, shop: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "another-password")
    done = typed(capsys, "run", *written(midnight, shop))
    assert done.code == 2 and _Shop.asked == ["/ready", "/login"], done.printed
    assert "session[0]: POST /login: it was answered with 401 (status 401): " in done.err
    assert "another-password" not in done.printed and "«secret»" in done.err
    assert not list((midnight.place / "reports").rglob("events.jsonl"))
