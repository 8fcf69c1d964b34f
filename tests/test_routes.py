"""Routes in a target's file: what a client really sends, with its secrets elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.access.route_secrets import filled_in
from chaos.access.secrets import SecretReader
from chaos.errors import FileError, UsageError
from chaos.spec import target as targets

HEAD = """\
name: mine
driver: attach
consent: {owner: The tests, until: 2999-12-31}
options: {base_url: "http://127.0.0.1:9"}
routes:
  read: """
PASSWORD = "hunter2-of-the-house"
LOGIN = "{method: POST, path: /login, json: {user: a, password: {secret: {env: LOGIN_PASSWORD}}}}"


def load(tmp_path: Path, route: str) -> targets.Target:
    path = tmp_path / "mine.yaml"
    path.write_text(f"{HEAD}{route}\n")
    return targets.load(path)


@pytest.mark.parametrize(
    "route",
    [
        "{method: PATCH, path: /a}",
        "{method: HEAD, path: /a}",
        "{path: /a, headers: {X-Tenant: a}}",
        "{method: POST, path: /a, json: [1, 2]}",
        "{method: POST, path: /a, body: plain text}",
        "{method: POST, path: /login, form: {user: a}}",
        "{path: /graphql, expect: {lacks: ['\"errors\"'], contains: [data]}}",
        "{path: /a, expect: [200, 404]}",
        "{path: /a, expect: 201}",
        "{method: PROPFIND, path: /a}",
        "{path: '/{uuid}', query: {q: ['{item}', 1, true]}, cookies: {sid: a}, timeout: 2s}",
        "{method: GET, path: /_search, json: {query: '{ me { name } }', n: '{seq:text}'}}",
        '{method: POST, path: /a, body: \'{"a": {"b": {seq}}}\'}',
        "{method: POST, path: /a, form: {n: '{item}'}, file: {content: '{payload}', name: '{uuid}.txt'}}",
        "{path: /a, headers: {Authorization: 'Bearer {uuid}'}}",
        "{path: '/a?token={uuid}&x=1', query: {api_key: '{uuid}'}}",
        "{path: /a, expect: {json: {$.token: present, $.id: '{uuid}', $.n: {at_least: 1}}, matches: '[0-9]{8}'}}",
        "{path: /a, expect: {headers: {content-type: json}, min_size: 1B, max_size: 1MB, first_byte: 500ms, sse: }}",
        "{path: /export, disconnect_after: 2kB, expect: {status: 200, contains: id}}",
        LOGIN,
    ],
)
def test_a_route_says_what_a_client_really_sends(tmp_path: Path, route: str) -> None:
    assert load(tmp_path, route).routes["read"].path


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (
            "{path: '/users/{user}/items/{item}', items: 10}",
            "routes: read: path: {user} is not a name that is filled in",
        ),
        ("{method: POST, path: /a, form: {a: b}, json: {a: b}}", "read: form: a request has one body"),
        ("{path: /a, form: {a: b}}", "read: form: a request with a body needs its `method`, such as POST"),
        (
            "{method: POST, path: /a, body: {a: 1}}",
            "read: body: holds text, sent as it is; a document is `json:`",
        ),
        (
            "{method: HEAD, path: /a, expect: {contains: [a]}}",
            "expect: contains: the answer to HEAD has no body",
        ),
        (
            "{path: /a, headers: {Content-Length: '5'}}",
            "must be the name of a header that a request may set",
        ),
        ("{path: /a, headers: {X-A: 'a\\nb'}}".replace("'", '"'), "must be one line of printable ASCII"),
        (
            "{method: HEAD, path: /a, disconnect_after: 1B}",
            "disconnect_after: the answer to HEAD has no body",
        ),
        ("{path: /a, disconnect_after: 0B}", "disconnect_after: must be greater than 0"),
        (
            "{path: /a, disconnect_after: 1B, expect: {sse: }}",
            "expect: sse: the client leaves before the body's end: remove it, or `disconnect_after`",
        ),
        (
            '{method: POST, path: /a, disconnect_after: 1B, json: {n: "{uuid}"},'
            ' ledger: {key: "{uuid}", read: {get: "/a/{key}"}}}',
            "disconnect_after: a client that leaves acknowledges nothing: remove it, or the ledger",
        ),
        ("{method: POST, path: /login, json: {user: a, password: x}}", "must not be a secret in plain text"),
    ],
)
def test_a_route_that_cannot_be_meant_is_refused(tmp_path: Path, route: str, words: str) -> None:
    with pytest.raises(FileError) as refused:
        load(tmp_path, route)
    assert words in str(refused.value)


def test_a_password_of_a_login_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, reader = load(tmp_path, LOGIN), SecretReader()
    with pytest.raises(UsageError, match="routes: read: json: password: environment variable LOGIN_PASSWORD"):
        filled_in(target.routes, reader)
    monkeypatch.setenv("LOGIN_PASSWORD", PASSWORD)
    assert filled_in(target.routes, reader)["read"].document == {"user": "a", "password": PASSWORD}
    assert PASSWORD in reader.known and PASSWORD not in str(target)
