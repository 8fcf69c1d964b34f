"""No secret and no piece of one gets into a journal, and nothing else is lost with it."""

from __future__ import annotations

import base64
import html
import json
import re
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.record.journal import Event, Writer, read_lines
from chaos.record.redact import MASK, Known, Redactor


def test_a_secret_is_masked_everywhere_and_numbers_stay(tmp_path: Path) -> None:
    secret = 'p"w\\1234'
    writer = Writer(tmp_path / "events.jsonl", Redactor([secret, "5678"]))
    writer.event(Event(5678.5678, "run", "run", "begun", {"deep": [{"dsn": f"password={secret} host=a"}]}))
    writer.close()

    (event,) = read_lines(tmp_path / "events.jsonl")

    assert event["at"] == 5678.5678
    assert event["detail"] == {"deep": [{"dsn": f"password={MASK} host=a"}]}


def test_a_secret_that_contains_another_is_masked_whole() -> None:
    assert Redactor(["abcd", "abcdefgh"])("abcdefgh abcd") == f"{MASK} {MASK}"


@pytest.mark.parametrize(
    "cut",
    ["Xy7@Zw9q", "Zw9q/Kk88", "could not translate host name \"Zw9q\"", "xy7@zw9q", "Kk88", "Zw9q%2FKk88"],
)  # fmt: skip
def test_the_rest_of_a_secret_cut_at_a_sign_is_masked(cut: str) -> None:
    told = Redactor(["Xy7@Zw9q/Kk88"])(f"it said: {cut}.")
    assert MASK in told
    assert not re.search("zw9q|kk88", told, re.I)


SECRETS = st.text(st.sampled_from("QXZqxz789@:/%?# '\"\\&<>+ßé"), min_size=4, max_size=20).filter(str.strip)


@given(SECRETS)
def test_a_secret_leaves_no_piece_in_any_encoding(secret: str) -> None:
    redact = Redactor([secret])
    forms = [
        secret,
        repr(secret),
        json.dumps(secret),
        json.dumps(json.dumps({"a": secret}, ensure_ascii=False)),
        html.escape(secret),
        quote(secret),
        quote(secret, safe="").lower(),
        quote_plus(secret),
        quote(quote(secret, safe=""), safe=""),
        base64.b64encode(secret.encode()).decode(),
        base64.urlsafe_b64encode(secret.encode()).decode(),
    ]
    pieces = [piece for piece in re.findall(r"[A-Za-z0-9]{4,}", secret)]
    for form in forms:
        told = redact(f"<{form}>")
        assert MASK in told, form
        assert [piece for piece in pieces if piece in told] == [], form


def test_a_basic_authentication_header_reveals_neither_user_nor_password() -> None:
    header = base64.b64encode(b"shopkeeper7:hunter2!x").decode()
    told = Redactor([f"Basic {header}"])(f"{header} shopkeeper7 and hunter2!x")
    assert told == f"{MASK} {MASK} and {MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "PostgreSQL 16 at postgres.example: role postgres, database postgres",
        "2026-11-26T23:59:00.125+00:00 run 20261126T235900Z-a1b2c3",
        "the storm closed 12 idle sessions; p99 2026.5 ms",
        "unhorsed and horses",
    ],
)
def test_common_words_instants_and_what_merely_contains_a_word_stay_readable(text: str) -> None:
    redact = Redactor(["postgres", "storm", "Qq-2026-horse", "a@b:c/de"], public=["closed"])
    assert redact(text.replace("2026.5", "1999")) == text.replace("2026.5", "1999")


@pytest.mark.parametrize("text", ["password=postgres host=h", "postgresql://shop:postgres@h/d"])
def test_a_common_word_is_masked_where_it_is_a_password(text: str) -> None:
    assert "postgres " not in Redactor(["postgres"])(text + " ").replace("postgresql", "")
    assert MASK in Redactor(["postgres"])(text)


def test_a_name_of_the_runs_files_is_public_although_a_user_has_it_too() -> None:
    assert Redactor(["shopdesk"], public=["shopdesk"])("target shopdesk") == "target shopdesk"
    assert Redactor(["shopdesk"])("user shopdesk") == f"user {MASK}"


def test_an_undo_can_still_be_carried_out_when_its_names_are_pieces_of_a_secret() -> None:
    undo = {"what": "qzlogs", "path": "/srv/qzlogs", "api": "http://127.0.0.1:8474", "dsn": "Qq7!x-qzlogs"}
    told = Redactor(["Qq7!x-qzlogs-8474"]).document({"undo": undo, "said": "qzlogs at 8474"})
    assert told["undo"] == {**undo, "dsn": MASK}
    assert told["said"] == f"{MASK} at {MASK}"


def test_plain_keys_are_the_programs_own() -> None:
    assert Redactor(["qzword"]).document({"qzword": 1, "a qzword": 2}) == {"qzword": 1, f"a {MASK}": 2}
    assert Redactor(["hunter2"]).document({"hunter2": 1}) == {MASK: 1}


def test_a_secret_learnt_by_a_process_is_masked_until_it_is_forgotten() -> None:
    known = Known()
    known.learn(["Xy7Zw9"])
    assert known("it is Xy7Zw9") == f"it is {MASK}"
    known.forget()
    assert known("it is Xy7Zw9") == "it is Xy7Zw9"
