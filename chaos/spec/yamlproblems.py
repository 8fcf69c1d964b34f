"""Errors of the YAML parser in midnight's own words, at the line to change. The text is never quoted: a key may be
shown, a value may be a secret."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

Problem = tuple[int | None, str]
"""The line (from 1), if known, and the rule."""

INDENTED = "is indented differently from the keys above it"
NO_COLON = "a colon is missing (key: value)"
NO_SPACE = "a space is missing after the colon (key: value)"
QUOTE = "put the value in quotes"
PERCENT = "a line begins with %: put it in quotes"

_RULES: Sequence[tuple[str, str]] = (
    (r"found character '\\t'", "a tab: use spaces"),
    (r"found character", f"a value begins with a character that YAML reserves: {QUOTE}"),
    (r"could not find expected ':'", NO_COLON),
    (r"but found '<block mapping start>'", INDENTED),
    (
        r"but found '<block sequence start>'",
        "an entry (-) that is not below the one before it: check the indentation",
    ),
    (
        r"but found '-'|sequence entries are not allowed",
        "an entry (-) where a key is expected: check the indentation",
    ),
    (
        r"but found '\?'|mapping keys are not allowed",
        "a key among the entries of a list (-): check the indentation",
    ),
    (r"but found '[}\]]'", "a closing bracket without its opening one"),
    (
        r"<block end>, but found '(,|<scalar>)'",
        "text after the end of a value: begin a new line, or quote all of it",
    ),
    (r"but found ','", f"a value begins with a comma: {QUOTE}"),
    (r"undefined alias", f"a value begins with *, which refers to nothing: {QUOTE}"),
    (r"unknown escape character|escape sequence", r"a \ in double quotes: write \\, or use single quotes"),
    (r"another document|document end", "a second document (---): one file holds one"),
    (r"for merging", "<< needs keys with values"),
    (r"incompatible YAML|directive", PERCENT),
    (r"<document start>", "a second value after the first: a file holds keys with values (key: value)"),
)
_CONTEXTS: Sequence[tuple[str, str]] = (
    (r"quoted scalar", "a quote is not closed"),
    (r"block scalar", "text after | or >: begin it on the next line, or put it in quotes"),
    (r"alias|anchor", f"a value begins with * or &: {QUOTE}"),
    (r"tag", f"a value begins with !: {QUOTE}"),
)
_DATE = re.compile(r"(?<![\w.-])(\d{4})-(\d{1,2})-(\d{1,2})(?![\w.])")
_NUMBER = re.compile(r"(?<![\w.])[-+]?[\d_]{4000,}(?![\w.])")
_KEY, _GLUED = re.compile(r"(- +)*[\w-]+\s*:( |$)"), re.compile(r"(- +)*[\w-]+:\S")


def described(error: YAMLError, text: str) -> Problem:
    """The mistake in the text that made the parser give up."""
    if isinstance(error, ReaderError):
        return text.count("\n", 0, error.position) + 1, f"holds a control character (#x{error.character:04x})"
    if not isinstance(error, MarkedYAMLError):
        return None, "is not YAML"
    at, begun = error.problem_mark or error.context_mark, error.context_mark
    line = at.line + 1 if at else None
    said = " ".join(str(error.problem).split())
    if duplicate := re.match(r'found duplicate key "([^"]*)"', said):
        return line, f"duplicate key {duplicate[1]!r}"
    if said.startswith("mapping values are not allowed") and at:
        return _of_colon(text.splitlines(), at.line, at.column)
    if begun and said.startswith("expected ',' or"):
        return _of_brackets(said, begun.line, at.line)
    if rule := _first(_RULES, said):
        return (begun.line + 1 if begun and rule == NO_COLON else line), rule
    return (begun.line + 1 if begun else line), _first(_CONTEXTS, str(error.context)) or "is not YAML"


def of_value(text: str) -> Problem:
    """The value of a text that YAML accepts and Python does not: a date that does not exist, an endless number."""
    for found in _DATE.finditer(text):
        try:
            date(*map(int, found.groups()))
        except ValueError:
            return text.count("\n", 0, found.start()) + 1, f"the date {found[0]} does not exist"
    number = _NUMBER.search(text)
    line = text.count("\n", 0, number.start()) + 1 if number else None
    return line, "holds a number with too many digits"


def _first(rules: Sequence[tuple[str, str]], said: str) -> str | None:
    return next((rule for pattern, rule in rules if re.search(pattern, said)), None)


def _of_brackets(said: str, begun: int, at: int) -> Problem:
    sign = said[len("expected ',' or '")]
    if begun == at:
        return begun + 1, f"a comma is missing, or the closing {sign}"
    return begun + 1, f"the closing {sign} is missing"


def _of_colon(lines: Sequence[str], number: int, column: int) -> Problem:
    """A colon where none may be: of this line, or because the line above is no `key: value`."""
    above = next((n for n in range(number - 1, -1, -1) if _content(lines[n])), None)
    if _KEY.match(lines[number][:column].strip()):
        return number + 1, f"a second colon in one line: {QUOTE}"
    if above is not None and lines[above].startswith("%"):
        return above + 1, PERCENT
    if above is not None and _GLUED.match(_content(lines[above])):
        return above + 1, NO_SPACE
    if above is not None and not _KEY.match(_content(lines[above])):
        return above + 1, NO_COLON
    return number + 1, INDENTED


def _content(line: str) -> str:
    return "" if line.lstrip().startswith("#") else line.strip()
