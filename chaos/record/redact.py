"""Keep secrets out of everything that is written.

Masked parts of a secret:
- the whole, however it is quoted or encoded (Python, JSON, HTML, URLs, base64), even repeatedly;
- every piece of four characters or more between `@ : / ? # & = %`, spaces, quotes or other signs: code that parses
it wrongly prints such a piece.
A piece that is a plain word or number is masked as a whole word only. A word used in midnight's own texts
(`postgres`, `server`) or named in a file of the run reveals nothing: it is masked only as a password
(`password=postgres`, `:postgres@`).
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
SHORTEST = 4  # characters: masking shorter ones would mask half the file
_MOST_SPANS = (
    12  # up to this many signs in a secret, every span between two is a piece; beyond, only adjacent ones
)

_SIGN = re.compile(r"[\W_]+")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_WORDS = re.compile(r"[A-Za-z]{4,}")
# before a single letter: no letter or digit, except the end of %40, \n or \u0040
_BEFORE = r"(?:(?<![^\W_])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt])|(?<=\\u[0-9A-Fa-f]{4}))"
_AFTER = r"(?![^\W_])"
_KEPT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*|\d{8}T\d{6}Z-[0-9a-f]{6}"  # instants and the ids of runs
_AS_PASSWORD = r"(?i:(?<=password=)|(?<=password='))"
_PLAIN_KEY = re.compile(r"[a-z][a-z0-9_]*")


class Redactor:
    """Masks secrets and their pieces. Secrets shorter than `SHORTEST` are not masked.

    `public`: names defined in the run's files, such as those of its steps.
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
        """Return the document with all text masked; numbers stay.

        In an `undo`, which must work in another process, plain words and numbers are not masked: it names files and
        ports, and contains no secrets.
        """
        return node if self._whole is None else self._document(node, self._whole)

    def record(self, node: Any) -> Any:
        """Mask a document of names, such as `run.json`: plain words and numbers stay."""
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
        """Keep plain keys: they are the program's own, unless they contain more than a word."""
        if key not in self._keys:
            self._keys[key] = _masked(self._strict if _PLAIN_KEY.fullmatch(key) else self._whole, key)
        return self._keys[key]


class Known:
    """Secrets known to this process: everything it prints or writes elsewhere is masked by them."""

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

    @property
    def secrets(self) -> tuple[str, ...]:
        """For a process that writes what it is answered."""
        return tuple(self._secrets)


def _masked(pattern: re.Pattern[str] | None, text: str) -> str:
    if pattern is None:
        return text
    return pattern.sub(lambda found: found[0] if found.lastgroup == "kept" else MASK, text)


def _compiled(pieces: Collection[str], told: Collection[str], *, alone: bool) -> re.Pattern[str] | None:
    """`pieces` are masked, plain words and numbers as whole words (`alone`), and `told` ones only as a password."""
    longest = sorted(pieces, key=lambda piece: (-len(piece), piece))
    choices = [_pattern(piece) for piece in longest]
    choices += [
        rf"{_AS_PASSWORD}{re.escape(word)}{_AFTER}|(?<=:){re.escape(word)}(?=@)" for word in sorted(told)
    ]
    if not choices:
        return None
    # a whole secret before an instant in it; a number only if it is not part of an instant
    strong = [choice for choice, piece in zip(choices, longest, strict=False) if not _is_plain(piece)]
    rest = [choice for choice in choices if choice not in strong]
    kept = [f"(?P<kept>{_KEPT})"] if alone else []
    return re.compile("|".join([*strong, *kept, *rest]))


def _pattern(piece: str) -> str:
    if _is_plain(piece):
        return f"{_BEFORE}(?:{piece}){_AFTER}"
    return "".join(_quoted_character(character) for character in piece)


def _is_plain(piece: str) -> bool:
    """A plain word or number: letters of one case, possibly capitalized, or digits."""
    return bool(_WORD.fullmatch(piece)) or (piece.isascii() and piece.isdigit())


def _is_word_of_ours(piece: str) -> bool:
    return bool(_WORD.fullmatch(piece)) and piece.lower() in _vocabulary()


@cache
def _vocabulary() -> frozenset[str]:
    """Return the words of midnight's own source: they are everywhere in its output."""
    files = Path(chaos.__file__).parent.rglob("*.py")
    return frozenset(
        word.lower() for file in files for word in _WORDS.findall(file.read_text(encoding="utf-8"))
    )


def _forms(secret: str) -> Iterator[str]:
    """Return the secret, and its decoded and encoded forms."""
    yield secret
    for decoded in (unquote(secret), unquote_plus(secret), html.unescape(secret)):
        if decoded != secret and len(decoded) >= SHORTEST:
            yield decoded
    raw = secret.encode(errors="surrogateescape")
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw)):
        yield encoded.decode().rstrip("=")
    yield from _basic(secret)


def _basic(secret: str) -> Iterator[str]:
    """Return the value of a basic authentication header (RFC 7617)."""
    try:
        inner = base64.b64decode(secret.rpartition(" ")[2], validate=True).decode()
    except (binascii.Error, ValueError):
        return
    if ":" in inner and inner.isprintable():
        yield inner


def _pieces(secret: str) -> Iterator[str]:
    """Yield every span between two signs; for a secret with very many signs, only between adjacent ones."""
    borders = [0, *(at for found in _SIGN.finditer(secret) for at in found.span()), len(secret)]
    starts, ends = borders[::2], borders[1::2]
    most = len(starts) if len(starts) <= _MOST_SPANS else 1
    for index, start in enumerate(starts):
        for end in ends[index : index + most]:
            if end - start >= SHORTEST:
                yield secret[start:end]


def _quoted_character(character: str) -> str:
    """Return a pattern of the character, plain and as written by Python, JSON, HTML and URLs."""
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
    """A text stream that masks each write and flushes it at once."""

    def __init__(self, stream: BinaryIO, redact: Redactor) -> None:
        super().__init__(stream, encoding="utf-8", errors="backslashreplace", write_through=True)
        self._redact = redact

    def write(self, text: str) -> int:
        return super().write(self._redact(text))


known = Known()
