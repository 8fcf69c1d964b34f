"""Detect how a backup file is packed, by its first bytes and not by its name, and stream its content.

Unpacked by Python (gzip, bzip2, xz) or by the format's own program (zstd, lz4, gpg), which is ended gracefully when
the reader is done.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import subprocess
import tempfile
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from chaos.errors import BackupUnusable, Refused, ToolMissing
from chaos.host.processes import spawn, stop_child

HEAD = 64 << 10  # bytes read to detect the format
_DEEPEST = 4  # layers, such as an encrypted archive of compressed files
_GRACE = 2.0  # seconds a program has to end gracefully
_MAGIC: Mapping[bytes, str] = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\xfd7zXZ\x00": "xz",
    b"BZh": "bzip2",
    b"-----BEGIN PGP MESSAGE": "gpg",
    b"Salted__": "openssl",
    b"age-encryption.org/": "age",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7z",
}
_OPENPGP = (
    0x84,
    0x85,
    0x86,
    0x8C,
    0xC1,
    0xC3,
    0xD2,
)  # session keys for a public key or a passphrase, or data
_BY_PYTHON: Mapping[str, Any] = {"gzip": gzip.GzipFile, "bzip2": bz2.BZ2File, "xz": lzma.LZMAFile}
_PROGRAMS: Mapping[str, tuple[Sequence[str], str]] = {
    "zstd": (("zstd", "-dc", "--long=31", "-q"), "zstd"),
    "lz4": (("lz4", "-dc", "-q"), "lz4"),
    "gpg": (
        ("gpg", "--batch", "--no-tty", "--pinentry-mode=error", "--lock-never", "--no-random-seed-file",
         "--no-auto-check-trustdb", "--trust-model=always", "--quiet"),
        "gnupg",
    ),
}  # fmt: skip
_BY_HAND: Mapping[str, str] = {
    "openssl": "openssl enc -d",
    "age": "age --decrypt -i KEY",
    "zip": "unzip",
    "7z": "7z x",
}
_ENCRYPTED_FOR = ("No secret key", "decryption failed", "No pinentry", "Bad session key", "no valid OpenPGP")
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True)
class Packed:
    """A file and the layers around its content, outermost first. Programs that unpack it carry `mark`."""

    file: Path
    layers: tuple[str, ...]
    head: bytes  # of the content

    @contextmanager
    def opened(self, mark: str) -> Iterator[IO[bytes]]:
        """The content. Raises BackupUnusable during reading if it is truncated or damaged."""
        with ExitStack() as stack:
            stream: IO[bytes] = stack.enter_context(self.file.open("rb"))
            for layer in self.layers:
                stream = stack.enter_context(_layer(layer, stream, self.file, mark))
            yield stream

    def chunks(self, mark: str, size: int = 1 << 20) -> Iterator[bytes]:
        with self.opened(mark) as stream:
            while chunk := _read(stream, size, self.file):
                yield chunk

    def stage(self, place: Path, mark: str) -> int:
        """Write the content to the new file `place`; return the number of bytes."""
        written = 0
        with place.open("xb") as output:
            for chunk in self.chunks(mark):
                written += output.write(chunk)
        return written

    @property
    def plain(self) -> bool:
        return not self.layers


def packed(file: Path, mark: str) -> Packed:
    """Detect the layers of the file. Raises BackupUnusable if it is truncated; ToolMissing or Refused, with the
    remedy, if this machine cannot open it.
    """
    layers: list[str] = []
    while True:
        one = Packed(file, tuple(layers), b"")
        try:
            with one.opened(mark) as stream:
                head = _read(stream, HEAD, file)
        except OSError as error:
            raise BackupUnusable(f"{file} cannot be read: {error}") from error
        kind = kind_of(head)
        if kind is None or len(layers) == _DEEPEST:
            return Packed(file, tuple(layers), head)
        if kind in _BY_HAND:
            raise Refused(
                f"{file} is packed by {kind}, which midnight cannot open: `{_BY_HAND[kind]}` it first"
            )
        layers.append(kind)


def kind_of(head: bytes) -> str | None:
    """The packing of a file that begins like this; None for content."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    binary_pgp = len(head) > 4 and head[0] in _OPENPGP and not head[:5].isascii()
    return "gpg" if binary_pgp else None


def _read(stream: IO[bytes], size: int, file: Path) -> bytes:
    """Up to `size` bytes, fewer only at the end."""
    try:
        found = bytearray()
        while len(found) < size and (more := stream.read(size - len(found))):
            found += more
        return bytes(found)
    except _DAMAGED as error:
        raise BackupUnusable(f"{file} is truncated or damaged: {error}") from error


@contextmanager
def _layer(kind: str, stream: IO[bytes], file: Path, mark: str) -> Iterator[IO[bytes]]:
    if kind in _BY_PYTHON:
        given = {"fileobj": stream} if kind == "gzip" else {"filename": stream}
        with _BY_PYTHON[kind](**given) as inner:
            yield inner
        return
    with _Program(kind, stream, file, mark) as program:
        yield cast(IO[bytes], io.BufferedReader(program, 1 << 20))


class _Program(io.RawIOBase):
    """The output of a program that reads a stream; at its end, the program must have exited with 0."""

    def __init__(self, kind: str, stream: IO[bytes], file: Path, mark: str) -> None:
        argv, package = _PROGRAMS[kind]
        program = shutil.which(argv[0])
        if program is None:
            because = f"{file} is packed by {kind}, and `{argv[0]}` is not on PATH"
            raise ToolMissing(kind, because, f"install it (Debian: apt-get install {package})")
        argv = [*argv, *(_no_keyring() if kind == "gpg" else ())]
        self._kind, self._file = kind, file
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  # closed with this
        first = isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO)
        self._child = spawn(
            [program, *argv[1:]],
            mark=mark,
            stdin=stream if first else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
        )
        self._feeder = None if first else _Feeder(stream, self._child)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        assert self._child.stdout is not None
        chunk = self._child.stdout.read(len(buffer))
        if not chunk:
            code = self._child.wait()
            if self._feeder is not None:
                self._feeder.finish()
            if code != 0:
                self._raise()
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        if not self.closed:
            if self._child.stdout:
                self._child.stdout.close()
            if self._child.poll() is None:
                stop_child(self._child, grace=_GRACE)
            if self._feeder is not None:
                self._feeder.join()
            self._words.close()
        super().close()

    def _raise(self) -> None:
        self._words.seek(0)
        said = self._words.read().decode(errors="replace").strip()
        if self._kind == "gpg" and any(words in said for words in _ENCRYPTED_FOR):
            raise Refused(
                f"{self._file} is encrypted, and no key without a passphrase opens it: import one "
                f"(gpg --import KEY) or decrypt the file first; gpg says: {_last(said)}"
            )
        raise BackupUnusable(f"{self._file} is truncated or damaged: {self._kind} says: {_last(said)}")


class _Feeder(threading.Thread):
    """Feeds a program from another layer."""

    def __init__(self, stream: IO[bytes], child: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream, self._child = stream, child
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        assert self._child.stdin is not None
        try:
            with suppress(BrokenPipeError), self._child.stdin as sink:
                while chunk := self._stream.read(1 << 20):
                    sink.write(chunk)
        except BaseException as error:  # raised by the reader of the stream
            self._error = error

    def finish(self) -> None:
        self.join()
        if self._error is not None:
            raise self._error


def _no_keyring() -> tuple[str, ...]:
    """Options that keep gpg from creating a keyring for a user without one."""
    home = Path(os.environ.get("GNUPGHOME") or Path.home() / ".gnupg")
    return ("--decrypt",) if home.is_dir() else ("--homedir=/nonexistent", "--decrypt")


def _last(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "nothing"
