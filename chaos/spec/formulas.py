"""How a gauge is made of what a source shows: `hikaricp_connections_active{pool="main"}`, `$.total - $.idle`, `20`.

    formula     alternative [or alternative ...]      the first that shows anything
    alternative term [+ term | - term ...]
    term        [NUMBER *] selector, or NUMBER

A selector is a JSONPath, or a name with label matchers as in Prometheus. What lies in brackets or quotes is never cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from jsonpath_rfc9535 import JSONPathQuery


Labels: TypeAlias = Mapping[str, str]
Shown: TypeAlias = Sequence[tuple[Labels, float]]
"""What a selector found: values with their labels."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\})?", re.DOTALL)
_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_.]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(,|$)')
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_EXAMPLE = 'such as my_pool_active{pool="main"}'


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; a label that is missing counts as empty."""

    label: str
    operator: str
    value: str

    def fits(self, labels: Labels) -> bool:
        given = labels.get(self.label, "")
        equal = re.fullmatch(self.value, given) is not None if "~" in self.operator else given == self.value
        return equal is not self.operator.startswith("!")


@dataclass(frozen=True, slots=True)
class Series:
    """A series of a page, or a column of rows, by its name and labels."""

    name: str
    matchers: tuple[Matcher, ...] = ()

    def fits(self, labels: Labels) -> bool:
        return all(each.fits(labels) for each in self.matchers)


@dataclass(frozen=True, slots=True)
class Path:
    """A JSONPath."""

    text: str
    query: JSONPathQuery

    def find(self, document: Any) -> list[Any]:
        return [node.value for node in self.query.find(document)]

    @property
    def name(self) -> str:
        return self.text


Selector: TypeAlias = Series | Path


@dataclass(frozen=True, slots=True)
class Term:
    factor: float
    selector: Selector | None  # None: a number


@dataclass(frozen=True, slots=True)
class Formula:
    text: str
    alternatives: tuple[tuple[Term, ...], ...]

    @property
    def selectors(self) -> tuple[Selector, ...]:
        return tuple(
            term.selector for each in self.alternatives for term in each if term.selector is not None
        )

    def of(
        self, shown: Callable[[Selector], Shown], combine: Callable[[Iterable[float]], float]
    ) -> float | None:
        """The value of the first alternative of which every selector shows something; None if there is none."""
        for terms in self.alternatives:
            values = [_value(term, shown, combine) for term in terms]
            if None not in values:
                return sum(value for value in values if value is not None)
        return None


def _value(
    term: Term, shown: Callable[[Selector], Shown], combine: Callable[[Iterable[float]], float]
) -> float | None:
    if term.selector is None:
        return term.factor
    found = shown(term.selector)
    return term.factor * combine(value for _, value in found) if found else None


def parse(text: str, *, json: bool) -> Formula:
    """Parse a formula of series, or of JSONPaths. Raises ValueError with the rule that it breaks."""
    alternatives = tuple(tuple(_terms(each, json=json)) for each in _cut(text, (" or ",)))
    return Formula(text, alternatives)


def _terms(text: str, *, json: bool) -> Iterator[Term]:
    sign = 1.0
    for part in _cut(text, (" + ", " - "), keep=True):
        if part in (" + ", " - "):
            sign = 1.0 if part == " + " else -1.0
            continue
        yield _term(part.strip(), sign, json=json)


def _term(text: str, sign: float, *, json: bool) -> Term:
    if _NUMBER.fullmatch(text):
        return Term(sign * float(text), None)
    factor, star, rest = text.partition("*")
    if star and _NUMBER.fullmatch(factor.strip()):
        sign, text = sign * float(factor), rest.strip()
    return Term(sign, _path(text) if json else _series(text))


def _path(text: str) -> Path:
    from jsonpath_rfc9535 import JSONPathError  # slow to import, and most files have no JSONPath
    from jsonpath_rfc9535 import compile as compiled

    try:
        return Path(text, compiled(text))
    except (JSONPathError, RecursionError):
        meant = f"; did you mean $.{text}?" if text.isidentifier() else ""
        raise ValueError(f"must be a JSONPath such as $.pool.active (RFC 9535){meant}") from None


def _series(text: str) -> Series:
    found = _SELECTOR.fullmatch(text)
    if found is None:
        raise ValueError(
            f"must be the name of a series or column, with label matchers if need be, {_EXAMPLE}"
        )
    return Series(found[1], tuple(_matchers(found[2] or "")))


def _matchers(text: str) -> Iterator[Matcher]:
    at = 0
    while text[at:].strip():
        found = _MATCHER.match(text, at)
        if found is None:
            raise ValueError(f'has a label matcher that is not LABEL="VALUE" (or !=, =~, !~), {_EXAMPLE}')
        value = re.sub(r"\\(.)", r"\1", found[3]) if "~" not in found[2] else found[3].replace("\\\\", "\\")
        if "~" in found[2]:
            try:
                re.compile(value)
            except re.error:
                raise ValueError(f"has a regular expression that does not parse: {value!r}") from None
        yield Matcher(found[1], found[2], value)
        at = found.end()


def _cut(text: str, words: Sequence[str], *, keep: bool = False) -> list[str]:
    """The parts between the words that are outside brackets and quotes; with `keep`, the words, too."""
    parts, begun, at = [], 0, 0
    closing: list[str] = []
    while at < len(text):
        char = text[at]
        if closing and closing[-1] in "\"'":
            at += 1 + (char == "\\")
            if char == closing[-1]:
                closing.pop()
            continue
        if char in "\"'":
            closing.append(char)
        elif char in _PAIRS:
            closing.append(_PAIRS[char])
        elif closing and char == closing[-1]:
            closing.pop()
        elif not closing and (word := next((each for each in words if text.startswith(each, at)), None)):
            parts += [text[begun:at], *([word] if keep else [])]
            at = begun = at + len(word)
            continue
        at += 1
    return [*parts, text[begun:]]
