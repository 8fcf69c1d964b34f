"""The pages follow the index of runs: new runs, a deleted index, one that cannot be read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from chaos.history import schema
from tests.history.stored import Stored
from tests.web.pages import Site


def test_a_new_run_is_seen_and_a_deleted_index_is_made_again(
    reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.web.memory.FRESH", 0.0)
    site = Site()
    Stored(0).write(reports)
    assert "1 run," in site.get("/runs").text
    Stored(1).write(reports)
    (reports / "index.sqlite").unlink()
    assert "2 runs," in site.get("/runs").text


def test_reports_that_appear_after_the_start_are_seen(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chaos.web.memory.FRESH", 0.0)
    site = Site()
    assert "0 runs," in site.get("/runs").text
    Stored(0).write(reports)
    assert "1 run," in site.get("/runs").text


def test_an_index_that_cannot_be_read_is_said_and_read_again_later(reports: Path) -> None:
    Stored().write(reports)
    site = Site()
    assert "1 run," in site.get("/runs").text
    with sqlite3.connect(reports / "index.sqlite") as index:
        index.execute(f"DROP TABLE {schema.NAME}")
    answer = site.get("/runs")
    assert (answer.status_code, "cannot be read" in answer.text) == (503, True)
    (reports / "index.sqlite").unlink()
    assert "1 run," in Site().get("/runs").text


@pytest.mark.parametrize("text", ["postgresql://user:secret@127.0.0.1:1/none", "mysql://x"])
def test_an_unusable_database_is_one_line_without_its_password(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("MIDNIGHT_DATABASE", text)
    answer = Site().get("/")
    assert answer.status_code == 503
    assert "MIDNIGHT_DATABASE" in answer.text
    assert "secret" not in answer.text
