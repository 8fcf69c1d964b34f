"""No secret gets into a journal, and nothing else is lost with it."""

from __future__ import annotations

from pathlib import Path

from chaos.journal import Event, Writer, read_lines
from chaos.redact import MASK, Redactor


def test_a_secret_is_masked_wherever_it_stands_and_numbers_stay(tmp_path: Path) -> None:
    secret = 'p"w\\1234'
    writer = Writer(tmp_path / "events.jsonl", Redactor([secret, "5678"]))
    writer.event(Event(5678.5678, "run", "run", "begun", {"deep": [{"dsn": f"password={secret} host=a"}]}))
    writer.close()

    (event,) = read_lines(tmp_path / "events.jsonl")

    assert event["at"] == 5678.5678
    assert event["detail"] == {"deep": [{"dsn": f"password={MASK} host=a"}]}


def test_what_contains_another_secret_is_masked_whole() -> None:
    assert Redactor(["abcd", "abcdefgh"])("abcdefgh abcd") == f"{MASK} {MASK}"
