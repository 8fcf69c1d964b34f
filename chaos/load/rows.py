"""A team's own file of values: CSV with a header, or JSON lines."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from chaos.errors import FileError
from chaos.spec.near import instead
from chaos.spec.userfile import read_text

MOST = 64 * 1024 * 1024
"""Maximum bytes of such a file."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_BOM = "\ufeff"

Line = tuple[int, Mapping[str, Any]]


def read(path: Path, columns: Collection[str], one_line: Collection[str] = ()) -> Sequence[Mapping[str, Any]]:
    """The values of these columns, row by row. Those in `one_line` go into headers or cookies: no line breaks.

    Raises FileError with the line of the first row that cannot be used.
    """
    text = read_text(path, MOST).removeprefix(_BOM)
    lines = _of_json(path, text) if _is_json(path, text) else _of_csv(path, text, columns)
    found = [_chosen(path, line, row, columns, one_line) for line, row in lines]
    if not found:
        raise FileError(path, None, "", "holds no rows")
    return found


def _is_json(path: Path, text: str) -> bool:
    return path.suffix in {".jsonl", ".ndjson", ".json"} or (
        path.suffix not in {".csv", ".tsv"} and text.lstrip()[:1] == "{"
    )


def _of_json(path: Path, text: str) -> Iterator[Line]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise FileError(path, number, "", 'must be one JSON object a line, such as {"name": "Ada"}')
        yield number, row


def _of_csv(path: Path, text: str, columns: Collection[str]) -> Iterator[Line]:
    longest = csv.field_size_limit(MOST)
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), strict=True, delimiter="\t" if path.suffix == ".tsv" else ","
        )
        header = next(reader, None)
        if not header:
            raise FileError(path, 1, "", "must begin with a header: the names of its columns")
        if repeated := next((name for name in header if header.count(name) > 1 and name in columns), None):
            raise FileError(path, 1, "", f"two columns are named {repeated}")
        begin = reader.line_num + 1
        for fields in reader:
            if fields and len(fields) != len(header):
                rule = f"has {len(fields)} fields, and the header {len(header)}: put a field with a comma in quotes"
                raise FileError(path, begin, "", rule)
            if fields:
                yield begin, dict(zip(header, fields, strict=True))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise FileError(path, reader.line_num or 1, "", f"is not CSV: {error}") from None
    finally:
        csv.field_size_limit(longest)


def _chosen(
    path: Path, line: int, row: Mapping[str, Any], columns: Collection[str], one_line: Collection[str]
) -> dict[str, Any]:
    for name in columns:
        if name not in row:
            raise FileError(
                path, line, "", f"has no {name}, which {{row.{name}}} needs; {instead(name, row)}"
            )
        value = row[name]
        if name in one_line and isinstance(value, str) and _CONTROL.search(value):
            raise FileError(
                path, line, name, "holds a line break or control character, and is sent in a header"
            )
    chosen = {name: row[name] for name in columns}
    try:
        json.dumps(chosen, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise FileError(
            path, line, "", "holds half a character (a lone surrogate), which cannot be sent"
        ) from None
    return chosen
