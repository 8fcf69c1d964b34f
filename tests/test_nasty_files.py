"""Whatever a file holds, it is refused in short lines, each with the place and what to type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_files import GOOD
from tests.typed import typed

DEEP = "is nested too deeply"
KEYS = "must be keys with values (key: value), not"
ALIASES = "".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]\n" for n in range(1, 9))

FILES: dict[str, tuple[str | bytes, str]] = {
    "brackets in brackets": (f"a: {'[' * 10_000}{']' * 10_000}", DEEP),
    "braces in braces": (f"a: {'{a: ' * 10_000}{'}' * 10_000}", DEEP),
    "lists in lists": (f"{'- ' * 10_000}x", DEEP),
    "keys under keys": ("".join(f"{' ' * n}a:\n" for n in range(700)), DEEP),
    "complex keys in complex keys": (f"{'? ' * 10_000}x", DEEP),
    "5 MB of text": (f"title: {'x' * 5_000_000}", "is larger than 512 kB"),
    "more keys than anyone writes": ("".join(f"k{n}: 1\n" for n in range(31_000)), "more than 30000 keys"),
    "aliases of aliases": (f"k0: &k0 [x]\n{ALIASES}", "holds more than 100000 values"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "is not UTF-8 text"),
    "UTF-16": (GOOD.encode("utf-16"), "is not UTF-8 text"),
    "a null byte": (GOOD.replace("sound", "so\0und"), ":2: holds a control character (#x0000)"),
    "nothing": ("", ":1: is empty: must be keys with values (key: value)"),
    "a date as text": (GOOD.replace("A sound one", "2026-11-27"), 'put it in quotes ("..."), got 2026-11-27'),
    "a list": ("- a\n", f":1: {KEYS} a list"),
    "a web page": ("<!DOCTYPE html><html>404</html>", f":1: {KEYS} text"),
    "TOML": ("[tool]\nx = 1\n", ":2: a second value after the first: a file holds keys with values"),
    "a directive": (f"%FOO\n{GOOD}", ":1: a line begins with %: put it in quotes"),
    "JSON that ends early": ('{"name": "x", "steps": [1', "a comma is missing, or the closing"),
    "a merge of nothing": (f"<<: *none\n{GOOD}", ":1: a value begins with *, which refers to nothing"),
    "a merge of a number": (f"<<: 5\n{GOOD}", ":1: << needs keys with values"),
    "a key of 100 kB": (f"{'k' * 100_000}: 1\n", ":1: is indented differently"),
    "a value of 5 kB": (GOOD.replace("idle_drop", "i" * 5000), "unknown fault 'iii"),
    "escapes of a terminal": (f'"\\e[31mred": 1\n{GOOD}', r":1: \x1b[31mred: unknown key"),
    "line breaks in a key": (f'"a\\nb": 1\n{GOOD}', r":1: a\nb: unknown key"),
}


@pytest.mark.parametrize("kind", FILES)
def test_it_is_refused_in_short_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    text, words = FILES[kind]
    path = tmp_path / "nasty.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    code, out, said = typed(capsys, "validate", str(path))
    assert (code, out) == (2, "")
    assert words in said
    assert all(line.startswith(f"midnight: {path}:") for line in said.splitlines())
    assert max(map(len, said.splitlines())) <= 300


def test_a_byte_order_mark_and_line_ends_of_windows_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "good.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert typed(capsys, "validate", str(path)) == (0, f"{path}: valid experiment\n", "")
