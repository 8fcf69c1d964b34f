"""Random secrets in the places where users put them, well or badly: no piece of one is printed, stored or looked up."""

from __future__ import annotations

import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from chaos import database, engine
from chaos.cli import diagnostics
from chaos.errors import UsageError
from chaos.history import schema
from chaos.record import redact
from chaos.tools import toxiproxy
from tests.attach.files import CONSENT
from tests.typed import exit_code

EXPERIMENT = """\
name: tiny
title: Does it answer?
load:
  timeout: 1s
  mix: {read: 1}
  baseline: {for: 1s, rate: 20}
  phases: [{name: play, for: 2s, rate: 20}]
slos:
  - {name: availability, availability: 99%}
"""
TARGET = "name: mine\ndriver: attach\n" + CONSENT + "routes: {read: {path: /}}\n"

PIECE = st.text("QZXJVKWqzxjvkw789", min_size=4, max_size=8)
SIGN = st.sampled_from([*"@:/%?# '\"\\&=+ßé", "%40", "://", "@@", ""])
SECRETS = st.tuples(PIECE, SIGN, PIECE, SIGN, PIECE).map("".join)

FORMS = {
    "URL": "postgresql://shop:{raw}@127.0.0.1:1/orders",
    "URL, encoded": "postgresql://shop:{encoded}@127.0.0.1:1/orders",
    "user of a URL": "postgresql://{raw}@127.0.0.1:1/orders",
    "keywords": "host=127.0.0.1 port=1 user=shop password={raw}",
    "keywords, quoted": "{keywords}",
    "SQLAlchemy": "postgresql+psycopg://shop:{raw}@127.0.0.1:1/orders",
    "JDBC": "jdbc:postgresql://127.0.0.1:1/orders?user=shop&password={raw}",
    "JDBC, as a URL": "jdbc:postgresql://shop:{raw}@127.0.0.1:1/orders",
    "Prisma": "postgresql://shop:{raw}@127.0.0.1:1/orders?schema=public&connection_limit=5",
    "of another database": "mysql://shop:{raw}@127.0.0.1/orders",
    "the password alone": "{raw}",
}


@contextmanager
def nobody_is_looked_up() -> Iterator[list[str]]:
    """The names that were looked up, all of which lead here."""
    asked: list[str] = []

    def here(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(str(host))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", here)
        yield asked


def played(place: Path, target: str, environment: dict[str, str]) -> tuple[int, str]:
    """The code of `midnight -v run`, and everything that it printed, logged and left behind."""
    (place / "tiny.yaml").write_text(EXPERIMENT)
    (place / "mine.yaml").write_text(target)
    said = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("MIDNIGHT_REPORTS", str(place / "reports"))
        patch.setenv("XDG_STATE_HOME", str(place / "state"))
        patch.setenv(diagnostics.VARIABLE, str(place / "log"))
        code = exit_code("-v", "run", str(place / "tiny.yaml"), "--target", str(place / "mine.yaml"))
    assert "chaos.cli.diagnostics: midnight " in said.getvalue() and (place / "log").stat().st_size
    left = [
        file for file in place.rglob("*") if file.is_file() and file.name not in ("tiny.yaml", "mine.yaml")
    ]
    texts = [
        said.getvalue(),
        *(str(file) for file in left),
        *(file.read_text(errors="replace") for file in left),
    ]
    return code, "\n".join(texts)


def pieces(secret: str) -> set[str]:
    return {piece for piece in re.findall(r"[A-Za-z0-9]+", secret) if len(piece) >= 4}


def shown(secret: str, text: str, looked_up: list[str]) -> list[str]:
    everything = "\n".join([text, *looked_up]).lower()
    return [piece for piece in pieces(secret) if piece.lower() in everything]


@settings(max_examples=15)
@given(secret=SECRETS, form=st.sampled_from(sorted(FORMS)), role=st.sampled_from(["admin_dsn", "dsns"]))
def test_no_piece_of_a_secret_in_a_connection_string_is_shown_or_looked_up(
    secret: str, form: str, role: str
) -> None:
    text = FORMS[form].format(
        raw=secret,
        encoded=quote(secret, safe=""),
        keywords=make_conninfo(host="127.0.0.1", port=1, user="shop", password=secret),
    )
    sound = "host=127.0.0.1 port=1 user=shop"
    environment = {
        "MINE_A": text if role == "admin_dsn" else sound,
        "MINE_B": text if role == "dsns" else sound,
    }
    dsns = "databases: {primary: {admin_dsn: {env: MINE_A}, dsns: {api: {env: MINE_B}}}}"
    options = f"options:\n  base_url: http://127.0.0.1:1\n  ready_within: 1ms\n  {dsns}\n"
    with tempfile.TemporaryDirectory() as place, nobody_is_looked_up() as asked:
        code, said = played(Path(place), TARGET + options, environment)
    assert code in (2, 3), said
    assert shown(secret, said, asked) == []


PLACES = (
    "options: {{base_url: 'http://shop:{yaml}@127.0.0.1:1'}}",
    "options: {{base_url: 'http://{yaml}@127.0.0.1:1'}}",
    "options: {{base_url: 'http://127.0.0.1:1/?token={yaml}'}}",
    "options: {{base_url: http://127.0.0.1:1, headers: {{Authorization: '{yaml}'}}}}",
    "options: {{base_url: http://127.0.0.1:1, databases: {{primary: {{admin_dsn: '{yaml}'}}}}}}",
    "options: {{base_url: http://127.0.0.1:1, databases: {{primary: {{admin_dsn: {{url: '{yaml}'}}}}}}}}",
    "options: {{base_url: http://127.0.0.1:1, proxies: {{db: {{api: 'http://u:{yaml}@h', name: db}}}}}}",
    "options: {{base_url: http://127.0.0.1:1, jobs: {{n: {{argv: [x], env: {{DB_PASSWORD: '{yaml}'}}}}}}}}",
    "options: {{base_url: http://127.0.0.1:1, jobs: {{n: {{argv: [x], env: {{D: 'postgresql://u:{yaml}@h/d'}}}}}}}}",
    "options: {{base_url: http://127.0.0.1:1, jobs: {{n: {{argv: [x], env: {{D: 'host=h password={yaml}'}}}}}}}}",
    "options: {{base_url: http://127.0.0.1:1}}\npassword: *{bare}",
    "options: {{base_url: http://127.0.0.1:1}}\npassword: one\npassword: {bare}",
    "options: {{base_url: http://127.0.0.1:1}}\napi_key: !{bare} x",
)


@settings(max_examples=40)
@given(secret=SECRETS, place=st.sampled_from(PLACES))
def test_a_secret_that_was_written_into_the_file_is_refused_and_not_shown(secret: str, place: str) -> None:
    bare = "".join(character for character in secret if character.isalnum())
    with tempfile.TemporaryDirectory() as where, nobody_is_looked_up() as asked:
        text = TARGET + place.format(yaml=secret.replace("'", "''"), bare=bare) + "\n"
        code, said = played(Path(where), text, {})
    assert code == 2, said
    assert shown(secret, said, asked) == []


def _index() -> None:
    schema.database_url(Path("/nowhere"))


ADDRESSES: dict[str, tuple[str, str, Callable[[], object]]] = {
    "index": ("MIDNIGHT_DATABASE", "postgresql://shop:{}@127.0.0.1:1/d", _index),
    "index, nonsense": ("MIDNIGHT_DATABASE", "{}", _index),
    "schedule": (
        "MIDNIGHT_DATABASE",
        "postgresql://shop:{}@127.0.0.1:1/d",
        lambda: database.connect(database.address()),
    ),
    "Toxiproxy": ("TOXIPROXY_URL", "http://shop:{}@127.0.0.1:1", toxiproxy.running_server),
    "Docker": ("DOCKER_HOST", "tcp://shop:{}@127.0.0.1:1", engine.find),
}


@settings(max_examples=60)
@given(secret=SECRETS, which=st.sampled_from(sorted(ADDRESSES)))
def test_a_secret_in_an_environment_address_is_never_shown_in_part(secret: str, which: str) -> None:
    variable, form, read = ADDRESSES[which]
    with nobody_is_looked_up() as asked, pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable, form.format(secret))
        redact.known.forget()
        try:
            said = str(read())
        except UsageError as error:
            said = str(error)
        finally:
            told = redact.known(said)
            redact.known.forget()
    assert shown(secret, told, asked) == []
