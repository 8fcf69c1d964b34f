"""The session: calls before the load, and what they give."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.errors import FileError, Refused
from chaos.load import session
from chaos.record import redact
from chaos.spec import target as targets
from chaos.spec.target import Target
from tests.load.server import Server

TOKEN = "tk-7f3a-of-the-session"
HEAD = """\
name: mine
driver: attach
consent: {owner: The tests, until: 2999-12-31}
options: {base_url: "http://127.0.0.1:9"}
routes: {read: {path: /, headers: {X-Csrf: "{csrf}"}}}
headers: {Authorization: "Bearer {token}", X-Tenant: house}
session:
  - {path: /csrf, take: {csrf: {header: x-csrf}, sid: {cookie: sid}}}
"""
LOGIN = (
    '  - {method: POST, path: /login, headers: {X-Csrf: "{csrf}"}, cookies: {sid: "{sid}"}, '
    "json: {password: {secret: {env: HOUSE_PASSWORD}}}, take: {token: $.a.token, id: $.id}}\n"
)
PASSWORD = "hunter2-{item}-of}-the-{{house"


@pytest.fixture(autouse=True)
def _own_secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HOUSE_PASSWORD", PASSWORD)
    yield
    redact.known.forget()


def loaded(tmp_path: Path, calls: str = LOGIN) -> Target:
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + calls)
    return targets.load(path)


def answering(server: Server, body: str | None = None, status: int = 200) -> None:
    server.said["/csrf"] = (204, "X-CSRF: c-1\r\nSet-Cookie: sid=s%2F=1; Path=/\r\nSet-Cookie: o=2\r\n", "")
    server.said["/login"] = (status, "", body or json.dumps({"a": {"token": TOKEN}, "id": 5}))


def test_calls_are_made_in_order_and_give_what_later_requests_need(tmp_path: Path, server: Server) -> None:
    answering(server)
    taken = session.open(loaded(tmp_path), server.url, {"authorization": "old", "X-Other": "o"})
    assert taken.values == {"csrf": "c-1", "sid": "s%2F=1", "token": TOKEN, "id": 5}
    assert taken.headers == {"X-Other": "o", "Authorization": f"Bearer {TOKEN}", "X-Tenant": "house"}
    first, second = server.requests
    assert [first.path, second.path] == ["/csrf", "/login"]
    assert second.headers["x-csrf"] == "c-1" and second.headers["cookie"] == "sid=s%2F=1"
    assert second.headers["x-tenant"] == "house" and second.headers["authorization"] == "old"
    assert json.loads(second.body) == {"password": PASSWORD}  # braces of a secret are its own


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        (["sid=deleted; Max-Age=0", "sid=NEWAUTH"], "NEWAUTH"),
        (["sid=old; Path=/", "sid=NEWAUTH; Max-Age=09"], "NEWAUTH"),
        (["sid=NEWAUTH; Path=/; max-age=3600", "sid=gone; Path=/old; Max-Age=0; Secure"], "NEWAUTH"),
        (["sid=NEWAUTH", "sid=; Path=/old", "other=x"], "NEWAUTH"),
    ],
)
def test_of_a_cookie_that_is_set_twice_the_last_is_taken(
    tmp_path: Path, server: Server, fields: list[str], kept: str
) -> None:
    answering(server)
    server.said["/csrf"] = (204, "X-CSRF: c\r\n" + "".join(f"Set-Cookie: {each}\r\n" for each in fields), "")
    assert session.open(loaded(tmp_path), server.url, {}).values["sid"] == kept


def test_what_was_taken_is_masked_from_then_on(tmp_path: Path, server: Server) -> None:
    answering(server)
    taken = session.open(loaded(tmp_path), server.url, {})
    assert TOKEN in taken.secrets and TOKEN not in repr(taken)
    assert TOKEN not in redact.known(f"it said {TOKEN}")


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (f'{{"given": "{PASSWORD}"}}', 401, 'it was answered with 401 (status 401): {"given": "«secret»"}'),
        ('{"a": {}}', 200, 'its answer has no $.a.token, to take token from (status 200): {"a": {}}'),
        ('{"a": {"token": ""}}', 200, "no $.a.token"),
        ('{"a": {"token": ["x"]}}', 200, "no $.a.token"),
        ("<html>", 200, "no $.a.token, to take token from (status 200): <html>"),
        ('{"access_token": "tk-another-secret"}', 200, '{"access_token": «secret»}'),
    ],
)
def test_a_login_that_fails_is_refused_with_its_status_and_a_masked_body(
    tmp_path: Path, server: Server, body: str, status: int, words: str
) -> None:
    answering(server, body, status)
    with pytest.raises(Refused) as refused:
        session.open(loaded(tmp_path), server.url, {})
    assert str(refused.value).startswith("session[1]: POST /login: ") and words in str(refused.value)
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(("path", "words"), [("/hang", "no answer in time"), ("/hang-up", "closed before")])
def test_a_login_without_an_answer_is_refused(tmp_path: Path, server: Server, path: str, words: str) -> None:
    answering(server)
    with pytest.raises(Refused, match=words):
        session.open(
            loaded(tmp_path, f"  - {{path: {path}, timeout: 300ms, take: {{token: $.t}}}}\n"), server.url, {}
        )


def test_without_a_session_nothing_is_asked(tmp_path: Path, server: Server) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD.partition("routes:")[0] + "routes: {read: {path: /}}\n")
    assert session.open(targets.load(path), server.url, {"A": "b"}) == session.Taken({"A": "b"}, {})
    assert server.requests == []


FORM = '<form><input type="hidden" name="_csrf" value="a&#43;b/c=="></form>'


@pytest.mark.parametrize(
    ("kind", "value"), [("text/html; charset=utf-8", "a+b/c=="), ("text/plain", "a&#43;b/c==")]
)
def test_a_token_of_a_form_is_taken_as_a_browser_would_send_it(
    tmp_path: Path, server: Server, kind: str, value: str
) -> None:
    form = """  - {path: /form, take: {token: {matches: 'name="_csrf" value="([^"]+)"'}, sid: {cookie: sid}}}\n"""
    answering(server)
    server.said["/form"] = (200, f"Content-Type: {kind}\r\nSet-Cookie: sid=second\r\n", FORM)
    taken = session.open(loaded(tmp_path, form), server.url, {})
    assert (taken.values["token"], taken.values["sid"]) == (value, "second")
    server.said["/form"] = (200, f"Content-Type: {kind}\r\n", "<form></form>")
    with pytest.raises(
        Refused, match=r"its answer has no match of name=.*, to take token from \(status 200\)"
    ):
        session.open(loaded(tmp_path, form), server.url, {})


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ("  - {path: /l, take: {token: {matches: abc}}}\n", "take: token: must have one group"),
        ("  - {path: /l, take: {token: {matches: (}}}\n", "must be a regular expression"),
        ("  - {method: HEAD, path: /l, take: {token: {matches: (a)}}}\n", "the answer to HEAD has no body"),
        ("  - {path: '/{token}', take: {token: $.a}}\n", "session[1]: path: {token} is not a name"),
        (
            "  - {path: /l, take: {toke: $.a}}\n",
            "headers: Authorization: {token} is not a name that is filled in",
        ),
        ("  - {path: /l, take: {seq: $.a}}\n", "take: seq: must be a name of letters, digits and _"),
        ("  - {path: /l, take: {token: abc}}\n", "take: token: must be a JSONPath"),
        (
            "  - {path: /l, take: {token: {header: A, cookie: b}}}\n",
            "take: token: must be a JSONPath, {header: NAME}",
        ),
        ("  - {method: HEAD, path: /l, take: {token: $.a}}\n", "take: the answer to HEAD has no body"),
        ("  - {path: /l, rows: a.csv, take: {token: $.a}}\n", "rows: unknown key"),
        ("  - {method: POST, path: /l, json: {password: x}, take: {token: $.a}}\n", "must not be a secret"),
    ],
)
def test_a_session_that_cannot_be_meant_is_refused(tmp_path: Path, calls: str, words: str) -> None:
    with pytest.raises(FileError) as refused:
        loaded(tmp_path, calls)
    assert words in str(refused.value)
