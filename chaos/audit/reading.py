"""Find manifests under the paths that a user names, and read them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.audit import extends, tags
from chaos.errors import FileError, UsageError
from chaos.spec import yamltext
from chaos.spec.userfile import MOST_TEXT, read_text

MOST_FILES = 2_000
_NAMES = (".yaml", ".yml")
_CHART = "Chart.yaml"
_TEMPLATE_LINE = re.compile(r"^\s*(?:-\s+)?(?:[\w./\"-]+:\s*)?\{\{", re.MULTILINE)
_KIND = re.compile(rb"^kind:[ \t]*[\"']?(\w+)", re.MULTILINE)
_LARGEST = 20_000_000  # bytes
_TEMPLATE = re.compile(r"\{\{")


@dataclass(frozen=True, slots=True)
class File:
    """One file: its text, its documents, each a mapping or a list."""

    path: Path
    text: str
    documents: list[Any]


def read(paths: Iterable[Path]) -> tuple[list[File], list[FileError]]:
    """Read every file. Returns those that could be read, and an error for each other one. Raises UsageError."""
    files, unread = list[File](), list[FileError]()
    for number, path in enumerate(_found(paths, unread)):
        if number == MOST_FILES:
            raise UsageError(f"more than {MOST_FILES} YAML files: name the directories of the manifests")
        try:
            files.append(_file(path))
        except FileError as error:
            if not _defines_large_kinds(path):
                unread.append(error)
    return files, unread


def _defines_large_kinds(path: Path) -> bool:
    """True for a file too large to read that holds CustomResourceDefinitions only, as operators ship them: nothing to
    audit."""
    with suppress(OSError):
        if path.is_file() and MOST_TEXT < path.stat().st_size <= _LARGEST:
            return set(_KIND.findall(path.read_bytes())) == {b"CustomResourceDefinition"}
    return False


def _found(paths: Iterable[Path], unread: list[FileError]) -> Iterator[Path]:
    """Each file once, in the order of the paths."""
    seen = set[str]()
    for given in paths:
        for path in _below(given, unread) if given.is_dir() else [given]:
            real = os.path.realpath(path)  # other than Path.resolve, it takes a link to itself
            if real not in seen:
                seen.add(real)
                yield path


def _below(directory: Path, unread: list[FileError]) -> Iterator[Path]:
    for folder, folders, names in os.walk(directory):
        here = Path(folder)
        if _CHART in names:
            folders.clear()
            unread.append(FileError(here, None, "", _unrendered(here)))
            continue
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        yield from (here / name for name in sorted(names) if name.endswith(_NAMES))


def _file(path: Path) -> File:
    text = read_text(path)
    try:
        documents = yamltext.load_all(path)
    except FileError as error:
        if found := _TEMPLATE_LINE.search(text):
            raise _is_template(path, text, found) from None
        raise error from None
    # `replicas: {{ .Values.replicas }}` is YAML: a mapping whose key is a mapping
    if (found := _TEMPLATE_LINE.search(text) or _TEMPLATE.search(text)) and _has_mapping_as_key(documents):
        raise _is_template(path, text, found)
    for document in documents:
        tags.fill_in(document)
        extends.fill_in(path, document)
    return File(path, text, documents)


def _is_template(path: Path, text: str, found: re.Match[str]) -> FileError:
    chart = next((each for each in path.absolute().parents if (each / _CHART).is_file()), None)
    line = text.count("\n", 0, found.end()) + 1
    return FileError(path, line, "", _unrendered(chart or Path("CHART")))


def _unrendered(chart: Path) -> str:
    return f"holds Helm templates ({{{{ }}}}), which only Helm can read; type: helm template {chart} > rendered.yaml"


def _has_mapping_as_key(documents: list[Any]) -> bool:
    waiting, seen = list(documents), set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(node, dict | list):
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            if any(isinstance(key, Mapping | tuple) for key in node):  # ruamel's frozen ones
                return True
            waiting += node.values()
        else:
            waiting += node
    return False
