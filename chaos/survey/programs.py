"""The programs in a command line or script, with their arguments and what is set for them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

_SEPARATORS = re.compile(r"\|\||&&|[;|&()]")
_OPERATOR = re.compile(r"[;|&()]+")
_ELSEWHERE = re.compile(
    r"ssh|mosh|rsh|(?:docker|podman)(?:-compose)?|nerdctl|kubectl|oc|crictl|lxc(?:-attach)?|incus"
)
_SETTING = re.compile(r"([A-Za-z_]\w*)=(.*)", re.S)
_RUNS_TEXT = re.compile(r"-\w*c|--command")  # of `sh`, `su` and `flock`
_DEEPEST = 5
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Program:
    """`elsewhere`: it runs on another machine or in a container; `inside`: so do its redirections, and its paths are of
    there, too. `settings` are its known variables."""

    name: str
    options: tuple[str, ...]
    elsewhere: bool = False
    inside: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        """The text with its known variables; others stay."""
        return _VARIABLE.sub(lambda found: self.settings.get(found[1] or found[2], found[0]), text)


def base(word: str) -> str:
    return word.rpartition("/")[2]


def found(command: str, settings: Mapping[str, str], known: Callable[[str], bool]) -> list[Program]:
    """Each program of a command or of a script's lines; `sudo`, `nice`, `sh -c` and the like are looked through."""
    return list(_found(command, dict(settings), known, elsewhere=False, depth=0))


def _found(
    command: str, settings: dict[str, str], known: Callable[[str], bool], *, elsewhere: bool, depth: int
) -> Iterator[Program]:
    for words in _parts(command):
        if _only_sets(words):
            settings.update(_settings(words))
            continue
        named = [n for n, word in enumerate(words) if not re.search(r"\s", word) and known(base(word))]
        start = named[0] if named else 0
        away = [
            n
            for n, word in enumerate(words[: start if named else len(words)])
            if _ELSEWHERE.fullmatch(base(word))
        ]
        own = {} if away or elsewhere else settings
        before = words[away[-1] + 1 if away else 0 : start if named else len(words)]
        own = {**own, **_settings(before)}
        yield Program(base(words[start]), tuple(words[start + 1 :]), bool(away) or elsewhere, elsewhere, own)
        for text in () if named or depth == _DEEPEST else _texts(words, bool(away)):
            yield from _found(text, dict(own), known, elsewhere=bool(away) or elsewhere, depth=depth + 1)


def _parts(command: str) -> Iterator[list[str]]:
    """The words of each program: those of a line by its quotes, if these end in it."""
    for line in command.replace("\\\n", " ").split("\n"):
        yield from _of_line(line)


def _of_line(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&()")
    lexer.whitespace_split, lexer.commenters = True, ""
    words = list[str]()
    try:
        tokens = list(lexer)
    except ValueError:
        yield from _by_separators(line)
        return
    for token in tokens:
        if _OPERATOR.fullmatch(token):
            if words:
                yield words
            words = []
        else:
            words.append(token)
    if words:
        yield words


def _by_separators(line: str) -> Iterator[list[str]]:
    for part in _SEPARATORS.split(line):
        try:
            words = shlex.split(part)
        except ValueError:  # a quote that ends in another part
            words = part.replace("'", " ").replace('"', " ").split()
        if words:
            yield words


def _texts(words: list[str], away: bool) -> Iterator[str]:
    """Words that are commands themselves."""
    for before, word in pairwise(words):
        if re.search(r"\s", word) and (away or _RUNS_TEXT.fullmatch(before)):
            yield word


def _only_sets(words: list[str]) -> bool:
    rest = words[1:] if words[0] in ("export", "declare", "readonly") else words
    return bool(rest) and all(_SETTING.fullmatch(word) for word in rest)


def _settings(words: list[str]) -> dict[str, str]:
    return {found[1]: found[2] for word in words if (found := _SETTING.fullmatch(word)) is not None}
