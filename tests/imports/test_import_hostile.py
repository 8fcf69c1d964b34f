"""Recordings that are damaged, huge or made to harm: one line, soon, and never a traceback."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.errors import FileError
from chaos.imports import importing
from chaos.imports.imported import Imported
from tests.imports.recorded import BASE, entry, routes

READERS: dict[str, Callable[[str], Imported]] = {
    "har": lambda file: importing.from_har(file, None),
    "openapi": lambda file: importing.from_openapi(file, None),
    "k6": lambda file: importing.from_k6(file, None),
    "access-log": lambda file: importing.from_access_log([file], None, None),
}
HOSTILE = {
    "empty": b"",
    "spaces": b" \n \n",
    "random": os.urandom(4096),
    "zeros": b"\0" * 5_000_000,
    "deep lists": b"[" * 200_000,
    "deep mappings": b'{"a":' * 200_000,
    "deep sequences": b"- " * 200_000,
    "deep calls": b"import http from 'k6/http';\n" + b"http.get(" * 50_000,
    "one long line": b"a" * 20_000_000,
    "a number": b"1",
    "a long number": b"9" * 100_000,
    "null": b"null",
    "half a character": b'{"log": {"entries": [{"request": {"url": "\xff"}}]}}',
    "aliases of aliases": b"a: &a [x, x]\n"
    + b"".join(b"%c: &%c [*%c, *%c]\n" % (n + 1, n + 1, n, n) for n in range(97, 121)),
    "html": b"<!doctype html><title>Sign in</title>",
    "another kind": b"zstd\x28\xb5\x2f\xfd",
}
ENTRY = json.dumps({"log": {"entries": [entry()]}})
LINE = '192.0.2.7 - - [27/Nov/2026:03:00:01 +0100] "GET /items HTTP/1.1" 200 153 "-" "curl"\n'


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("kind", READERS)
def test_what_is_no_recording_is_refused_in_one_line(kind: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "given"
    path.write_bytes(content)
    with pytest.raises(FileError) as refused:
        READERS[kind](str(path))
    assert len(refused.value.lines) == 1 and len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "mutated",
    [
        {"log": 1},
        {"log": {"entries": [1, None, {"request": 3}]}},
        {"log": {"entries": [{"request": {"url": 5}}]}},
        {"log": {"entries": [{"request": {"url": "http://[::1"}}]}},
        {"log": {"entries": [{"request": {"url": f"{BASE}:99999/"}}]}},
    ],
)
def test_a_har_of_the_wrong_shape_is_refused(mutated: object, tmp_path: Path) -> None:
    path = tmp_path / "given"
    path.write_text(json.dumps(mutated))
    with pytest.raises(FileError):
        READERS["har"](str(path))


def test_odd_parts_of_a_har_do_no_harm(tmp_path: Path) -> None:
    odd = entry("POST", f"{BASE}/a/%ZZ/%00/\u00fc b?%FF=%FF&=x", body=("application/json", "[" * 5000))
    odd["request"]["headers"] = [
        {"name": "X-\u00fc", "value": "1"},
        {"name": "X-A", "value": "a\r\nB: c"},
        7,
        {"name": 1},
    ]
    odd["request"]["cookies"] = [{"name": "bad name", "value": "1"}, None]
    odd["startedDateTime"], odd["time"] = "yesterday", "long"
    path = tmp_path / "given"
    path.write_text(
        json.dumps({"log": {"entries": [odd, entry("POST", body=("application/json", '"\\ud800"'))]}})
    )
    written = importing.target(READERS["har"](str(path)), 9, None)
    assert len(written.added) == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_is_understood(encoding: str, tmp_path: Path) -> None:
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    har, log = tmp_path / "har", tmp_path / "log"
    har.write_bytes(f"{mark}{ENTRY}".encode(encoding))
    log.write_bytes(f"{mark}{LINE * 3}".encode(encoding))
    assert (
        READERS["har"](str(har)).routes[0].path == READERS["access-log"](str(log)).routes[0].path == "/items"
    )
    assert READERS["access-log"](str(log)).routes[0].weight == 3


def test_a_log_truncated_while_it_was_open_begins_with_zeros(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"\0" * 300_000 + LINE.encode() * 2)
    found = READERS["access-log"](str(path))
    assert found.routes[0].weight == 2 and found.left_out == ()


def test_a_line_without_end_costs_no_memory_and_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(LINE.encode() + b"x" * 100_000_000 + b"\n" + LINE.encode())
    found = READERS["access-log"](str(path))
    assert found.routes[0].weight == 2
    assert found.left_out == (f"not understood: 1 line, the first at {path}:2",)


def test_half_a_gzip_file_and_other_compressions_are_named(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(LINE.encode() * 1000)[:-20])
    with pytest.raises(FileError, match="is not a whole gzip file"):
        READERS["access-log"](str(path))
    path.write_bytes(b"\x28\xb5\x2f\xfd1234")
    with pytest.raises(FileError, match="zstdcat"):
        READERS["access-log"](str(path))


def test_a_directory_and_a_missing_file_are_named(tmp_path: Path) -> None:
    for kind, read in READERS.items():
        with pytest.raises(FileError, match="is a directory"):
            read(str(tmp_path))
        with pytest.raises(FileError, match="No such file"):
            read(str(tmp_path / kind))


def test_templates_are_bounded_however_many_paths_there_are(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w") as file:
        for n in range(40_000):
            word = f"w{n % 200}/x{n % 7}/y{n}/" + "/".join(f"z{n % m}" for m in range(2, 12))
            file.write(LINE.replace("/items", f"/{word}"))
        file.write(LINE.replace("/items", "/" + "a/" * 200))
    found = READERS["access-log"](str(path))
    assert 0 < len(found.routes) < 25_000
    assert any("there are too many different ones" in each for each in found.left_out)
    assert len(routes(found)) == len(found.routes)
