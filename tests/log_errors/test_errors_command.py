"""`midnight errors FILE...` as a user types it."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.log_errors.reading_logs import SAMPLES, sample
from tests.typed import typed

ENTRY = "2026-11-27T00:00:{:02d}.000Z ERROR app: failed\n"


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "app.log"
    stack = sample("python_noted")
    text = "".join(ENTRY.format(second) + stack for second in (3, 9, 20))
    path.write_text(text + ENTRY.format(30) + sample("java_caused"))
    return str(path)


def test_groups_are_ranked_with_count_place_instants_and_message(
    log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    done = typed(capsys, "errors", log)
    assert done.code == 0
    first, second = done.out.strip().split("\n\n")
    assert first.splitlines()[0].strip() == "3  KeyError at /srv/app/chained.py:4 in read  (python)"
    assert "'id'" in first and "first 2026-11-27" in first and "last 2026-11-27" in first
    assert "1  java.lang.NullPointerException at Main.java:23 in Main$Handler.handle" in second
    assert "raised as java.lang.IllegalStateException" in second


def test_the_most_frequent_of_different_messages_is_shown_as_such(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, stack = tmp_path / "app.log", sample("python_noted")
    path.write_text(ENTRY.format(3) + stack.replace("'id'", "'name'") + (ENTRY.format(9) + stack) * 2)
    out = typed(capsys, "errors", str(path), "--full").out
    assert "3  KeyError at" in out and "most often: 'id'" in out
    assert "| KeyError: 'id'" in out and "KeyError: 'name'" not in out


def test_the_stack_is_shown_if_asked_for(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = '| Caused by: java.lang.NullPointerException: Cannot invoke "java.lang.Integer.intValue()"'
    assert line not in typed(capsys, "errors", log).out
    assert line in typed(capsys, "errors", log, "--full").out


def test_json_has_every_number(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = typed(capsys, "errors", log, "--json")
    found = json.loads(done.out)
    assert (found["errors"], found["files"], found["groups_in_all"], found["unread"]) == (4, 1, 2, [])
    group = found["groups"][0]
    assert (group["count"], group["first"]) == (3, "2026-11-27T00:00:03.000+00:00")
    assert group["frames"][0] == {"file": "/srv/app/chained.py", "line": 4, "function": "read"}
    assert group["messages"] == [{"text": "'id'", "count": 3}]


def test_top_leaves_the_rest_out_and_says_so(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = typed(capsys, "errors", log, "--top", "1").out
    assert "NullPointerException" not in out
    assert "and 1 error of other kinds: --top 0 shows all" in out
    assert "NullPointerException" in typed(capsys, "errors", log, "--top", "0").out


def test_since_and_until_choose_by_the_instants_in_the_log(
    log: str, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ("--since", "2026-11-27T00:00:05Z", "--until", "2026-11-27T00:00:15Z")
    found = json.loads(typed(capsys, "errors", log, "--json", *span).out)
    assert found["errors"] == 1


def test_a_bad_instant_is_refused(log: str, capsys: pytest.CaptureFixture[str]) -> None:
    done = typed(capsys, "errors", log, "--since", "tonight")
    assert done.code == 2
    assert "must be a date" in done.err


def test_a_log_without_errors_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "app.log"
    log.write_text("2026-11-27T00:00:01Z INFO served\n")
    done = typed(capsys, "errors", str(log))
    assert (done.code, done.out) == (0, "no errors in 1 file\n")


def test_a_log_that_cannot_be_read_is_not_said_to_be_without_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = typed(capsys, "errors", str(tmp_path / "app.log"))
    assert (done.code, done.out) == (2, "")


def test_standard_input_is_read(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    content = (SAMPLES / "go_nil_map.txt").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert "main.(*Store).put" in typed(capsys, "errors", "-").out


def test_several_logs_are_one_ranking_packed_ones_included(
    log: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = tmp_path / "app.log.1.gz"
    older.write_bytes(gzip.compress(Path(log).read_bytes()))
    found = json.loads(typed(capsys, "errors", log, str(older), "--json").out)
    assert [group["count"] for group in found["groups"]] == [6, 2]


@pytest.mark.parametrize("what", ["missing", "a directory", "damaged"])
def test_a_log_that_cannot_be_read_is_named_and_the_others_are_shown(
    what: str, log: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "other.log.gz"
    if what == "a directory":
        bad = tmp_path
    elif what == "damaged":
        bad.write_bytes(b"not packed")
    done = typed(capsys, "errors", str(bad), log)
    assert done.code == 2
    assert "KeyError" in done.out
    (line,) = done.err.splitlines()
    assert line.startswith(f"midnight: {bad}: ") and len(line) <= 300
