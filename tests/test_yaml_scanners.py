"""libyaml's events make the same values, on the same lines, as ruamel's own scanner."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from chaos.errors import FileError
from chaos.spec import yamlevents, yamltext

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path for folder in ("experiments", "targets", "schedules") for path in (ROOT / folder).rglob("*.yaml")
)
FRAGMENTS = [
    *(
        ": ",
        "- ",
        "? ",
        ": - ",
        " #",
        "#",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&a ",
        "&a: ",
        "*a",
        "!x ",
        "'",
        '"',
        "\\",
    ),
    *(
        "|\n",
        ">\n",
        "|-",
        ">2",
        "\n",
        "\n\n",
        "\t",
        "---\n",
        "...\n",
        "2026-01-01",
        "\r\n",
        "\u2028",
        "\ufeff",
    ),
    *("%", "<<: *a", "  ", "yes", "0o7", "1e3", "1_000", "-", "?", ":", "é", "~", "="),
]
TEXTS = st.lists(st.sampled_from([*FRAGMENTS, "a", "b", "a: b\n", "- a: {b: 1}\n"]), max_size=12).map("".join)


def _read(text: str, *, fast: bool) -> Any:
    reader = YAML()
    if fast:
        reader.Parser = yamlevents.Events(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _lines(reader.load(text))


def _lines(given: object) -> Any:
    """The values with their types, and the line of each key and of each item that is not empty."""
    node: Any = given
    if isinstance(given, dict):
        return [(repr(key), node.lc.key(key), _lines(value)) for key, value in node.items()]
    if isinstance(given, list):
        return [(value is not None and node.lc.item(at)[0], _lines(value)) for at, value in enumerate(node)]
    return type(node).__name__, str(getattr(node, "value", node))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_file_is_read_by_libyaml_as_by_ruamel(path: Path) -> None:
    text = path.read_text()
    assert _read(text, fast=True) == _read(text, fast=False)


@settings(max_examples=400)
@given(TEXTS)
@example("a: b\n...\n...\n")
def test_what_libyaml_reads_as_keys_and_values_ruamel_reads_in_the_same_way(text: str) -> None:
    try:
        found = _read(text, fast=True)
    except Exception:  # what it refuses, ruamel reads alone
        return
    if isinstance(found, list) and "ordereddict" not in str(
        found
    ):  # keys with text as keys: all else is refused
        assert found == _read(text, fast=False)


@pytest.mark.parametrize(
    "text", ["a:\tb", "a: b\u2028", "%YAML 1.1\n---\na: yes", "a: b\n...\n...\n", "a: !b c", "a: [b"]
)
def test_what_the_two_may_read_in_another_way_is_left_to_ruamel(text: str) -> None:
    with pytest.raises(yamlevents.NotRead):
        _read(text, fast=True)


def test_a_mistake_has_the_message_of_ruamel_and_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: b\nc: d\na: e\n")
    with pytest.raises(FileError, match=r"x\.yaml:3: duplicate key 'a'"):
        yamltext.load(path)


def test_without_libyaml_files_are_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yamlevents, "LIBYAML", None)
    path = tmp_path / "x.yaml"
    path.write_text("without: [libyaml]\n")
    assert yamltext.load(path) == {"without": ["libyaml"]}
