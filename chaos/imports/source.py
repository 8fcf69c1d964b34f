"""The bytes and the text of a recording: a file, a compressed file, or standard input, within bounds."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from chaos.errors import FileError
from chaos.spec import userfile, yamltext

STDIN = "-"
MOST_BYTES = 256 * 1024 * 1024
"""Maximum size of a document that is read as a whole, uncompressed."""

MOST_YAML = 4 * 1024 * 1024
_MOST_NODES = 300_000
_GZIP = b"\x1f\x8b"
_OTHERS = {b"\x28\xb5\x2f\xfd": "zstdcat", b"BZh": "bzcat", b"\xfd7zXZ": "xzcat", b"PK\x03\x04": "unzip -p"}
_WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, slots=True)
class Source:
    name: str

    @property
    def shown(self) -> str:
        return "standard input" if self.name == STDIN else self.name

    def refused(self, rule: str, line: int | None = None, value: object = None) -> FileError:
        return FileError(self.shown, line, "", rule, value)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Yield its bytes, uncompressed, with `peek`. Raises FileError."""
        try:
            with self._raw() as raw:
                yield self._plain(io.BufferedReader(cast(Any, raw)) if not hasattr(raw, "peek") else raw)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise self.refused(f"is not a whole gzip file: {error}") from None
        except OSError as error:
            raise self.refused(f"cannot be read: {error.strerror or error}") from None

    @contextmanager
    def _raw(self) -> Iterator[BinaryIO]:
        if self.name == STDIN:
            yield sys.stdin.buffer
            return
        path = Path(self.name)
        why = userfile.why_not_regular(path)
        if why is not None and "pipe" not in why:  # <(zcat ...) is a pipe
            raise self.refused(why)
        with path.open("rb") as file:
            yield file

    def _plain(self, raw: BinaryIO) -> BinaryIO:
        start = cast(io.BufferedReader, raw).peek(8)[:8]
        for magic, program in _OTHERS.items():
            if start.startswith(magic):
                name = "FILE" if self.name == STDIN else self.name
                raise self.refused(f"is compressed: use `{program} {name} | midnight import ... -`")
        return io.BufferedReader(gzip.GzipFile(fileobj=raw)) if start.startswith(_GZIP) else raw

    def text(self, what: str) -> str:
        """Return its whole text, UTF-8 or UTF-16 with a byte order mark. Raises FileError."""
        with self.opened() as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise self.refused(f"is larger than {MOST_BYTES >> 20} MB")
        try:
            text = content.decode(encoding_of(content) or "utf-8-sig")
        except UnicodeDecodeError:
            raise self.refused(f"not {what}: it is not text in UTF-8 or UTF-16") from None
        if "\0" in text:
            raise self.refused(f"not {what}: it holds NUL bytes")
        if not text.strip():
            raise self.refused(f"not {what}: it is empty")
        return text

    def json(self, what: str) -> Any:
        """Return its JSON value. Raises FileError."""
        return self.json_of(self.text(what), what)

    def json_of(self, text: str, what: str) -> Any:
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise self.refused(f"not {what}: it is not JSON", error.lineno) from None
        except (ValueError, RecursionError):  # a number of thousands of digits; deep nesting
            raise self.refused(f"not {what}: it is nested too deeply, or has a number without end") from None

    def document(self, what: str) -> Any:
        """Return its JSON or YAML value. Raises FileError."""
        text = self.text(what)
        if text.lstrip()[:1] in ("{", "["):
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                if len(text) > MOST_YAML:
                    return self.json_of(text, what)
        if len(text) > MOST_YAML:
            raise self.refused(f"is YAML of more than {MOST_YAML >> 20} MB: convert it to JSON")
        return yamltext.parse(Path(self.shown), text, _MOST_NODES)


def encoding_of(start: bytes) -> str | None:
    """The encoding that a byte order mark tells, other than UTF-8."""
    return next((name for mark, name in _WIDE.items() if start.startswith(mark)), None)
