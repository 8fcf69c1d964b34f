"""A team's own file of values: what is read, and what is refused with file and line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.errors import FileError
from chaos.load import rows

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_what_a_spreadsheet_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("name", "note"), *cells])
    path = tmp_path_factory.mktemp("rows") / "users.csv"
    path.write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())
    assert [(each["name"], each["note"]) for each in rows.read(path, ["name", "note"])] == cells


def test_json_lines_keep_the_kinds_of_their_values(tmp_path: Path) -> None:
    path = tmp_path / "users.jsonl"
    path.write_text('{"n": 1, "other": []}\r\n\n{"n": {"a": null}}')
    assert list(rows.read(path, ["n"])) == [{"n": 1}, {"n": {"a": None}}]


def test_a_huge_row_is_read(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(f'name\n"{"x" * 1_000_000}"\n')
    before = csv.field_size_limit()
    assert len(rows.read(path, ["name"])[0]["name"]) == 1_000_000 and csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", "a.csv:1: must begin with a header"),
        ("a.csv", b"\xef\xbb\xbf", "a.csv:1: must begin with a header"),
        ("a.csv", b"name\n", "a.csv: holds no rows"),
        ("a.csv", b"nam\nx\n", "a.csv:2: has no name, which {row.name} needs; did you mean nam?"),
        ("a.csv", b"name,b\nx\n", "a.csv:2: has 1 fields, and the header 2"),
        ("a.csv", b'b,name\n"x\ny",2\nz\n', "a.csv:4: has 1 fields"),
        ("a.csv", b'name\n"x', "a.csv:2: is not CSV"),
        ("a.csv", b"name\n\xff\n", "a.csv:2: is not UTF-8 text: save the file as UTF-8"),
        ("a.csv", b"name,name\nx,y\n", "a.csv:1: two columns are named name"),
        ("a.csv", b'name\n"a\r\nSet-Cookie: x"\n', "a.csv:2: name: holds a line break or control character"),
        ("a.jsonl", b'{"name": "a"}\n{"nam": 1}', "a.jsonl:2: has no name"),
        ("a.jsonl", b"[1]", "a.jsonl:1: must be one JSON object a line"),
        ("a.jsonl", b'{"name": "\\ud800"}', "a.jsonl:1: holds half a character"),
        ("a.jsonl", b"", "a.jsonl: holds no rows"),
    ],
)
def test_a_row_that_cannot_be_sent_is_refused_with_its_line(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError) as refused:
        rows.read(tmp_path / name, ["name"], ["name"])
    assert words in str(refused.value)
