"""A file is unpacked by what it holds, whatever it is called; one that is cut short or cannot be opened says so."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaos.errors import BackupUnusable, Refused, ToolMissing
from chaos.host.packing import packed
from chaos.host.processes import marked, stop_marked

CONTENT = b"".join(b"%d\tsome line of a dump\n" % n for n in range(20_000))


def by(program: str) -> Callable[[bytes], bytes]:
    def pack(content: bytes) -> bytes:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
        return subprocess.run([program, "-q", "-c"], input=content, check=True, stdout=subprocess.PIPE).stdout

    return pack


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": by("zstd"),
    "lz4": by("lz4"),
}


@pytest.fixture
def mark() -> Iterator[str]:
    name = f"test-packing-{os.getpid()}"
    yield name
    stop_marked(name, grace=2)
    assert marked(name) == []


@pytest.mark.parametrize("kind", PACK)
def test_a_file_is_unpacked_by_its_first_bytes_and_not_by_its_name(
    tmp_path: Path, mark: str, kind: str
) -> None:
    file = tmp_path / "dump.sql"
    file.write_bytes(PACK[kind](CONTENT))
    one = packed(file, mark)
    assert one.layers == (kind,)
    assert b"".join(one.chunks(mark)) == CONTENT
    assert one.stage(tmp_path / "staged", mark) == len(CONTENT)


def test_layers_are_taken_off_one_after_the_other(tmp_path: Path, mark: str) -> None:
    file = tmp_path / "dump"
    file.write_bytes(gzip.compress(PACK["zstd"](lzma.compress(CONTENT))))
    one = packed(file, mark)
    assert one.layers == ("gzip", "zstd", "xz")
    assert b"".join(one.chunks(mark)) == CONTENT


@pytest.mark.parametrize("kind", PACK)
def test_a_truncated_file_is_detected(tmp_path: Path, mark: str, kind: str) -> None:
    file = tmp_path / "dump"
    whole = PACK[kind](CONTENT)
    file.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(BackupUnusable, match="truncated or damaged"):
        for _ in packed(file, mark).chunks(mark):
            pass


def test_content_is_left_as_it_is(tmp_path: Path, mark: str) -> None:
    file = tmp_path / "dump.gz"
    file.write_bytes(CONTENT)
    assert packed(file, mark).plain
    assert b"".join(packed(file, mark).chunks(mark)) == CONTENT


def test_a_reader_that_has_had_enough_leaves_no_program_behind(tmp_path: Path, mark: str) -> None:
    file = tmp_path / "dump"
    file.write_bytes(PACK["zstd"](b"PGDMP" + os.urandom(8 << 20)))
    with packed(file, mark).opened(mark) as stream:
        stream.read(10)
    assert marked(mark) == []


def test_a_program_that_is_not_here_is_named_with_how_to_get_it(
    tmp_path: Path, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "dump"
    file.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="apt-get install zstd"):
        packed(file, mark)


@pytest.mark.parametrize(("head", "way"), [(b"Salted__", "openssl enc -d"), (b"PK\x03\x04", "unzip")])
def test_a_file_that_midnight_does_not_open_is_refused_with_the_remedy(
    tmp_path: Path, mark: str, head: bytes, way: str
) -> None:
    file = tmp_path / "dump"
    file.write_bytes(head + bytes(100))
    with pytest.raises(Refused, match=way):
        packed(file, mark)


class Gpg:
    """A keyring of the test's own, with one key without a passphrase."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        patch.setenv("GNUPGHOME", str(home))
        self("--passphrase", "", "--quick-gen-key", "me@example.org", "default", "default", "never")

    def __call__(self, *arguments: str, text: bytes = b"") -> bytes:
        command = ["gpg", "--batch", "-q", "--trust-model", "always", *arguments]
        return subprocess.run(command, input=text, check=True, capture_output=True).stdout


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
def test_an_encrypted_one_is_opened_by_a_key_at_hand_and_refused_without(
    tmp_path_factory: pytest.TempPathFactory, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path_factory.mktemp("gpg")
    gpg = Gpg(place / "home", monkeypatch)
    file = place / "dump"
    try:
        for armour in ((), ("--armor",)):
            file.write_bytes(gpg(*armour, "-r", "me@example.org", "-e", text=gzip.compress(CONTENT)))
            assert packed(file, mark).layers == ("gpg", "gzip")
            assert b"".join(packed(file, mark).chunks(mark)) == CONTENT
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=True)
    monkeypatch.setenv("GNUPGHOME", str(place / "none"))
    with pytest.raises(Refused, match=r"encrypted, and no key .*gpg --import KEY"):
        packed(file, mark)
    assert not (place / "none").exists()
