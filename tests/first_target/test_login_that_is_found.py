"""The form behind which a service hides: `midnight init` proposes the session, and it signs in as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from chaos.first_target import login
from chaos.load import session
from chaos.record import redact
from tests.first_target.uncommented import described, switched_on
from tests.load.server import Server

SECRET = "a-token-of-the-page-77"
PAGE = f"""<!doctype html><body><form action="/search"><input name="q"></form>
<form method="POST" action="/enter"><input type="hidden" name="_csrf-token" value="{SECRET}">
<input type=hidden name=next value="/&amp;x"><input type=hidden name=empty value="">
<input name="mail" type="email"><input type=password name='pw'><button>In</button></form>"""


@pytest.fixture
def server(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("SHOP_PASSWORD", "the-word-of-ada")
    server.said["/"] = (303, "Location: /login?next=%2F\r\n", "")
    server.said["/login?next=%2F"] = (
        200,
        "Content-Type: text/html\r\nSet-Cookie: sid=first; Path=/\r\n",
        PAGE,
    )
    server.said["/enter"] = (303, "Location: /\r\nSet-Cookie: sid=second; HttpOnly\r\n", "")
    yield server
    redact.known.forget()


def test_the_session_that_is_proposed_signs_in(tmp_path: Path, server: Server) -> None:
    draft = described(server.url)
    made = switched_on(draft, tmp_path, "session", "headers")
    text = (tmp_path / "shop.yaml").read_text()
    assert SECRET not in text and "the form at /login?next=%2F signs in" in " ".join(text.split())
    server.requests.clear()
    taken = session.open(made, server.url, {})
    page, form = server.requests
    assert (page.path, form.method, form.path) == ("/login?next=%2F", "POST", "/enter")
    assert form.headers["cookie"] == "sid=first"
    assert parse_qs(form.body.decode(), keep_blank_values=True) == {
        "_csrf-token": [SECRET],
        "next": ["/&x"],
        "empty": [""],
        "mail": ["USER"],
        "pw": ["the-word-of-ada"],
    }
    assert taken.headers == {"Cookie": "sid=second"}


def test_it_is_a_comment_until_the_team_knows_the_user(tmp_path: Path, server: Server) -> None:
    made = switched_on(described(server.url), tmp_path)
    assert not made.session and not made.headers


@pytest.mark.parametrize(
    "page",
    [
        "<form method=post><input name=a><input type=password name=b><input type=password name=again></form>",
        "<form><input type=password name=b></form>",
        "<form method=post action=http://elsewhere.example/><input type=password name=b></form>",
        "<input type=password name=b>",
        "",
        "<![ <!x <form method=post",
    ],
)
def test_no_session_is_proposed_for_what_is_no_login(server: Server, page: str) -> None:
    server.said["/login?next=%2F"] = (200, "Content-Type: text/html\r\n", page)
    draft = described(server.url)
    assert "session" not in draft.top
    assert "to /login?next=%2F, and no redirect is followed" in draft.top["routes"][0].why


def test_no_form_of_another_host_is_asked(server: Server) -> None:
    server.said["/"] = (302, "Location: http://elsewhere.example/login\r\n", "")
    draft = described(server.url)
    assert "session" not in draft.top
    assert "/login?next=%2F" not in server.counts()


@pytest.mark.parametrize(
    ("tag", "pattern"),
    [
        ('<input type="hidden" name="t" value="x">', 'name="t" value="([^"]+)'),
        ("<input name=t type='hidden' value='x'>", "name=t type='hidden' value='([^']+)"),
        ('<input value="x" type="hidden" name="t">', 'value="([^"]+)" type="hidden" name="t"'),
        ('<input type="hidden" name="t" value="">', ""),
    ],
)
def test_a_token_is_found_wherever_its_tag_has_it(tag: str, pattern: str) -> None:
    found = login._pattern(login._Field("csrf_token", "hidden", "x", tag))
    assert found == pattern


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("csrf_token", "csrf_token"),
        ("_csrf-Token", "csrf_token"),
        ("seq", "field_2"),
        ("1", "field_2"),
        ("ß", "field_2"),
    ],
)
def test_a_hidden_field_is_called_as_in_the_form_where_it_can_be(name: str, alias: str) -> None:
    assert login._alias(name, 2) == alias
