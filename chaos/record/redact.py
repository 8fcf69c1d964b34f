"""Keeps secrets out of everything that is written.

What is masked of a secret:
- the whole of it, in whatever way it is quoted or encoded (Python, JSON, HTML, URLs, base64), and however often that
  was done again;
- every piece of four characters or more that is left where it is cut at one of `@ : / ? # & = %`, a space, a quote or
  another sign: whoever takes it apart wrongly prints such a piece.
A piece that is a mere word or number is masked where it stands alone, not within a longer one. A word that midnight's
own texts are made of (`postgres`, `server`), or that a file of the run names, tells nobody anything: it is masked only
where it stands as a password (`password=postgres`, `:postgres@`).
"""

from __future__ import annotations

import base64
import binascii
import html
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, unquote_plus

import chaos

MASK = "«secret»"
SHORTEST = 4  # characters: what is shorter would mask half the file
_MOST_SPANS = 12  # signs in a secret between which every span is a piece; with more, each with the next

_SIGN = re.compile(r"[\W_]+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_WORDS = re.compile(r"[A-Za-z]{4,}")
# before a letter that stands alone: no letter or digit, but for the end of %40, \n or \u0040
_BEFORE = r"(?:(?<![^\W_])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt])|(?<=\\u[0-9A-Fa-f]{4}))"
_AFTER = r"(?![^\W_])"
_KEPT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*|\d{8}T\d{6}Z-[0-9a-f]{6}"  # instants and the ids of runs
_AS_PASSWORD = r"(?i:(?<=password=)|(?<=password='))"
_PLAIN_KEY = re.compile(r"[a-z][a-z0-9_]*")


class Redactor:
    """Masks the secrets, and their pieces. Secrets shorter than `SHORTEST` are not masked.

    `public`: names that the run's files give, such as those of its steps.
    """

    def __init__(self, secrets: Iterable[str] = (), public: Collection[str] = ()) -> None:
        known = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
        words = {word.lower() for name in public for word in (name, *_WORDS.findall(name))}
        pieces = {piece for secret in known for piece in _pieces(secret)} | known
        told = {each for each in pieces if each.lower() in words or _is_word_of_ours(each)}
        self._whole = _compiled(pieces - told, known & told, alone=True)
        self._strict = _compiled({each for each in pieces - told if not _is_plain(each)}, set(), alone=False)
        self._keys: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        return _masked(self._whole, text)

    def document(self, node: Any) -> Any:
        """The same document with every text in it redacted; numbers stay what they are.

        Of an `undo`, which has to work in another process, only what is no mere word or number is masked: it names
        files and ports, and is made without secrets.
        """
        return node if self._whole is None else self._document(node, self._whole)

    def record(self, node: Any) -> Any:
        """The same for a document of names, such as `run.json`: mere words and numbers stay."""
        return node if self._strict is None else self._document(node, self._strict)

    def _document(self, node: Any, pattern: re.Pattern[str] | None) -> Any:
        if pattern is None or node is None or isinstance(node, bool | int | float):
            return node
        if isinstance(node, Mapping):
            return {
                self._key(str(key)): self._document(value, self._strict if key == "undo" else pattern)
                for key, value in node.items()
            }
        if isinstance(node, list | tuple | set | frozenset):
            return [self._document(value, pattern) for value in node]
        return _masked(pattern, str(node))

    def _key(self, key: str) -> str:
        """Plain keys are the program's own, unless they hold more than a word."""
        if key not in self._keys:
            self._keys[key] = _masked(self._strict if _PLAIN_KEY.fullmatch(key) else self._whole, key)
        return self._keys[key]


class Known:
    """What this process has learnt to be secret: whatever it prints or writes by the way is held against that."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._secrets: dict[str, None] = {}
        self._public: dict[str, None] = {}
        self._redactor = Redactor()

    def learn(self, secrets: Iterable[str], public: Iterable[str] = ()) -> None:
        before = len(self._secrets), len(self._public)
        self._secrets |= dict.fromkeys(secrets)
        self._public |= dict.fromkeys(public)
        if before != (len(self._secrets), len(self._public)):
            self._redactor = Redactor(self._secrets, self._public)

    def __call__(self, text: str) -> str:
        return self._redactor(text)

    @property
    def redactor(self) -> Redactor:
        return self._redactor


def _masked(pattern: re.Pattern[str] | None, text: str) -> str:
    if pattern is None:
        return text
    return pattern.sub(lambda found: found[0] if found.lastgroup == "kept" else MASK, text)


def _compiled(pieces: Collection[str], told: Collection[str], *, alone: bool) -> re.Pattern[str] | None:
    """`pieces` are masked, mere words and numbers where they stand `alone`; `told` ones only as a password."""
    longest = sorted(pieces, key=lambda piece: (-len(piece), piece))
    choices = [_pattern(piece) for piece in longest]
    choices += [
        rf"{_AS_PASSWORD}{re.escape(word)}{_AFTER}|(?<=:){re.escape(word)}(?=@)" for word in sorted(told)
    ]
    if not choices:
        return None
    # a whole secret before an instant that it may hold; a number only where it is no part of one
    strong = [choice for choice, piece in zip(choices, longest, strict=False) if not _is_plain(piece)]
    rest = [choice for choice in choices if choice not in strong]
    kept = [f"(?P<kept>{_KEPT})"] if alone else []
    return re.compile("|".join([*strong, *kept, *rest]))


def _pattern(piece: str) -> str:
    if _is_plain(piece):
        return f"{_BEFORE}(?:{piece}){_AFTER}"
    return "".join(_quoted_character(character) for character in piece)


def _is_plain(piece: str) -> bool:
    """A mere word or number: letters of one case, at most a capital first, or digits."""
    return bool(_WORD.fullmatch(piece)) or (piece.isascii() and piece.isdigit())


def _is_word_of_ours(piece: str) -> bool:
    return bool(_WORD.fullmatch(piece)) and piece.lower() in _vocabulary()


@cache
def _vocabulary() -> frozenset[str]:
    """The words that this program is made of: in what it writes they are everywhere."""
    files = Path(chaos.__file__).parent.rglob("*.py")
    return frozenset(
        word.lower() for file in files for word in _WORDS.findall(file.read_text(encoding="utf-8"))
    )


def _forms(secret: str) -> Iterator[str]:
    """The secret, and what it becomes when it is decoded or encoded whole."""
    yield secret
    for decoded in (unquote(secret), unquote_plus(secret), html.unescape(secret)):
        if decoded != secret and len(decoded) >= SHORTEST:
            yield decoded
    raw = secret.encode(errors="surrogateescape")
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        yield encoded.decode().rstrip("=")
    yield from _basic(secret)


def _basic(secret: str) -> Iterator[str]:
    """What a header of basic authentication holds (RFC 7617)."""
    try:
        inner = base64.b64decode(secret.rpartition(" ")[2], validate=True).decode()
    except (binascii.Error, ValueError):
        return
    if ":" in inner and inner.isprintable():
        yield inner


def _pieces(secret: str) -> Iterator[str]:
    """Every span between two signs; of a secret with very many signs, what is between two that follow each other."""
    borders = [0, *(at for found in _SIGN.finditer(secret) for at in found.span()), len(secret)]
    starts, ends = borders[::2], borders[1::2]
    most = len(starts) if len(starts) <= _MOST_SPANS else 1
    for index, start in enumerate(starts):
        for end in ends[index : index + most]:
            if end - start >= SHORTEST:
                yield secret[start:end]


def _quoted_character(character: str) -> str:
    """A pattern of the character as it is, and as Python, JSON, HTML and URLs write it."""
    if character.isascii() and character.isalnum():
        return f"[{character.lower()}{character.upper()}]" if character.isalpha() else character
    encoded = character.encode(errors="surrogateescape")
    percent, escaped = ("".join(f"{sign}{byte:02x}" for byte in encoded) for sign in ("%(?:25)*", r"\\+x"))
    named = rf"\\+u{ord(character):04x}|\\+x{ord(character):02x}"
    entity = "|".join({re.escape(html.escape(character)), rf"&#x?0*(?:{ord(character)}|{ord(character):x});"})
    literal = r"\\+" if character == "\\" else rf"\\*{re.escape(character)}"
    space = r"|\+" if character == " " else ""
    return f"(?i:{literal}|{percent}|{escaped}|{named}|{entity}{space})"


class DiscreetStream(io.TextIOWrapper):
    """A text stream that redacts what is written to it, each piece by itself, and writes it at once."""

    def __init__(self, stream: BinaryIO, redact: Redactor) -> None:
        super().__init__(stream, encoding="utf-8", errors="backslashreplace", write_through=True)
        self._redact = redact

    def write(self, text: str) -> int:
        return super().write(self._redact(text))


known = Known()
