"""docs/glossary.md has each word once, in order, and no page, file or help uses a name that was given up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaos.record.renamed import COMMANDS, KEYS, OPTIONS, PRINTS
from tests.midnight import PROJECT

TERM = re.compile(r"^\| \*\*(.+?)\*\* \|", re.MULTILINE)
GIVEN_UP = re.compile(
    "|".join(
        [
            *(rf"^{key}:|`{key}[`.]" for key in KEYS),
            *(rf"\bmidnight {command}\b(?!-)" for command in COMMANDS),
            *(rf"{option}\b(?!-)" for names in OPTIONS.values() for option in names if option != PRINTS),
        ]
    ),
    re.MULTILINE,
)
WRITTEN = sorted(
    path
    for folder in ("docs", "experiments", "targets", "schedules", "deploy", ".ci")
    for path in (PROJECT / folder).rglob("*")
    if path.suffix in {".md", ".yaml", ".sh", ".service", ""} and path.is_file()
)


def test_each_word_has_one_entry_in_alphabetical_order() -> None:
    terms = TERM.findall((PROJECT / "docs/glossary.md").read_text())
    assert len(terms) > 50
    assert terms == sorted(set(terms), key=str.casefold)


@pytest.mark.parametrize(
    "path", [PROJECT / "README.md", PROJECT / "Makefile", *WRITTEN], ids=lambda path: path.name
)
def test_no_page_and_no_file_uses_a_name_that_was_given_up(path: Path) -> None:
    assert GIVEN_UP.findall(path.read_text()) == []


def test_a_write_is_acknowledged_never_confirmed() -> None:
    read = [path for kind in ("*.py", "*.html") for path in (PROJECT / "chaos").rglob(kind)]
    assert len(read) > 300
    found = [str(path) for path in read if re.search(r"\b[Cc]onfirm(ed|s)? .*writes?\b", path.read_text())]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "promise: {rto: 1m}",
        "the bounds (`honesty`)",
        "`honesty.lag`",
        "type midnight restore",
        "--junit FILE",
    ],
)
def test_a_name_that_was_given_up_is_found(text: str) -> None:
    assert GIVEN_UP.search(text)


@pytest.mark.parametrize("text", ["midnight run restore-mine", "--junit-file FILE", "--json", "budget: {}"])
def test_a_name_of_today_is_none(text: str) -> None:
    assert not GIVEN_UP.search(text)
