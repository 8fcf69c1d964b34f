"""Replace identifying names with placeholders: the same name gets the same placeholder everywhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import chaos
from chaos.bugreport import forms
from chaos.bugreport.forms import ADDRESS, HOST, PERSON, USER

_SHORTEST = 3  # least letters of a name that is replaced without context
_WORD = re.compile(r"[A-Za-z]+")


class Placeholders:
    """Call `see` on everything first, then `document` or `text`.

    A name is replaced wherever it is a whole word. An ordinary word of midnight's own texts is replaced only where
    the context shows that it is a name. `kept` names, such as those of services, stay.
    """

    def __init__(self, kept: Collection[str] = ()) -> None:
        self._kept = {each.lower() for each in kept}
        self._known: dict[str, tuple[str, str]] = {}  # kind and first form, by name in lower case
        self._given: dict[tuple[str, str], str] = {}
        self._pattern: re.Pattern[str] | None = None
        self._done: dict[str, str] = {}
        self._seen: set[tuple[str, str]] = set()

    @property
    def counts(self) -> dict[str, int]:
        """The number of distinct names of each kind replaced."""
        kinds = [kind for kind, _ in self._given]
        return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}

    def learn(self, kind: str, name: str) -> None:
        """Learn a name, whatever it looks like; for a qualified host name also its short name and its domains."""
        name = name.strip().strip(".")
        low = name.lower()
        if kind == ADDRESS:
            if forms.is_private_address(name):
                self._known.setdefault(low, (kind, low))
            return
        if not forms.is_name(name) or low in self._kept:
            return
        self._known.setdefault(low, (kind, low))
        if kind == HOST and forms.is_host(name):
            short, *domain = low.split(".")
            self._known.setdefault(short, (kind, low))
            for start in range(len(domain) - 1):
                self._known.setdefault(".".join(domain[start:]), (kind, ".".join(domain[start:])))
        self._pattern = None

    def see(self, node: Any, key: str = "") -> None:
        """Learn the names in a document or text."""
        if isinstance(node, dict):
            for name, value in node.items():
                self.see(str(name))
                self.see(value, str(name))
        elif isinstance(node, list):
            for value in node:
                self.see(value, key)
        elif isinstance(node, str):
            self._see_text(node, key)

    def _see_text(self, text: str, key: str) -> None:
        if (text, key) in self._seen:
            return
        self._seen.add((text, key))
        for kind, name in (*forms.names(text), *_named_by(key, text)):
            self.learn(kind, name)

    def document(self, node: Any, key: str = "") -> Any:
        if isinstance(node, dict):
            return {self.text(str(name)): self.document(value, str(name)) for name, value in node.items()}
        if isinstance(node, list):
            return [self.document(value, key) for value in node]
        return self._under(key, node) if isinstance(node, str) else node

    def _under(self, key: str, text: str) -> str:
        for kind, name in _named_by(key, text):
            if (known := self._known.get(name.lower())) is not None and known[0] == kind:
                text = _replaced(text, name, self._placeholder(*known))
        return self.text(text)

    def text(self, text: str) -> str:
        if text not in self._done:
            self._done[text] = self._everywhere().sub(self._found, self._in_context(text))
        return self._done[text]

    def _in_context(self, text: str) -> str:
        for _, form in forms.CONTEXTS:
            text = form.sub(self._beside, text)
        return text

    def _beside(self, found: re.Match[str]) -> str:
        known = self._known.get(found["name"].lower())
        if known is None:
            return found[0]
        begin, end = (at - found.start() for at in found.span("name"))
        return found[0][:begin] + self._placeholder(*known) + found[0][end:]

    def _found(self, found: re.Match[str]) -> str:
        return self._placeholder(*self._known[found[0].lower()])

    def _everywhere(self) -> re.Pattern[str]:
        if self._pattern is None:
            names = sorted((name for name in self._known if not _is_ordinary(name)), key=len, reverse=True)
            # not inside a longer number or word
            choice = "|".join(map(re.escape, names)) or r"(?!)"
            self._pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{choice})(?![A-Za-z0-9])", re.I)
            self._done = {}
        return self._pattern

    def _placeholder(self, kind: str, name: str) -> str:
        if (kind, name) not in self._given:
            number = sum(each == kind for each, _ in self._given) + 1
            self._given[kind, name] = f"{kind}-{number}"
        return self._given[kind, name]


def _named_by(key: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield the name under such a key: whole, HOST:PORT, or `USER (by sudo of USER)`."""
    kind = forms.KEYS.get(key.lower())
    if kind == PERSON and not re.fullmatch(r"[\d:]*", text):  # the owner of a file is two numbers
        yield kind, text
    elif kind == USER:
        yield kind, text.partition(" (")[0]
    elif kind == HOST and "://" not in text:
        name = text.partition(":")[0]
        if re.fullmatch(r"[\w.-]+", name):
            yield kind, name


def _replaced(text: str, name: str, by: str) -> str:
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", by, text)


def _is_ordinary(name: str) -> bool:
    """Return True for a word of midnight's own texts or a very short name: it identifies nothing by itself."""
    return len(name) < _SHORTEST or (bool(_WORD.fullmatch(name)) and name in _words())


@cache
def _words() -> frozenset[str]:
    files = Path(chaos.__file__).parent.rglob("*.py")
    return frozenset(
        word.lower() for file in files for word in _WORD.findall(file.read_text(encoding="utf-8"))
    )
