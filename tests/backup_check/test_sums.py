"""Sums beside a backup are held against it, in every common form, and are never taken for it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from chaos.backup_check import source, sums
from chaos.targets.backup.options import BackupOptions

CONTENT = b"PGDMP of a kind"


def written(place: Path, form: str, content: bytes = CONTENT) -> Path:
    dump = place / "app.dump"
    dump.write_bytes(CONTENT)
    found = hashlib.sha256(content).hexdigest()
    files = {
        "SHA256SUMS": f"{hashlib.sha256(b'').hexdigest()}  other\n{found} *app.dump\n",
        "app.dump.sha256": f"{found}\n",
        "app.dump.md5": f"{hashlib.md5(content).hexdigest()}  /var/backups/app.dump\n",
        "app.dump.sha512sum": f"SHA512 (app.dump) = {hashlib.sha512(content).hexdigest()}\n",
        "manifest.json": json.dumps({"files": [{"name": "app.dump", "sha256": found, "size": 15}]}),
        "checksums.json": json.dumps({"app.dump": f"sha256:{found}"}),
    }
    (place / form).write_text(files[form])
    return dump


FORMS = [
    "SHA256SUMS",
    "app.dump.sha256",
    "app.dump.md5",
    "app.dump.sha512sum",
    "manifest.json",
    "checksums.json",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_sum_that_holds_verifies_and_one_that_does_not_is_a_fault_of_the_backup(
    tmp_path: Path, form: str
) -> None:
    found = sums.verify(written(tmp_path, form))
    assert found is not None and found.outcome == "verified", found
    assert form in found.by
    found = sums.verify(written(tmp_path, form, b"something else"))
    assert found is not None and found.outcome == "faulty"
    assert "app.dump has a different" in found.by


def test_a_dump_without_sums_or_with_those_of_others_is_not_verified(tmp_path: Path) -> None:
    dump = tmp_path / "app.dump"
    dump.write_bytes(CONTENT)
    assert sums.verify(dump) is None
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  other.dump\n")
    assert sums.verify(dump) is None


def test_the_list_of_a_directory_names_what_is_missing_in_it(tmp_path: Path) -> None:
    dump = tmp_path / "app.d"
    dump.mkdir()
    (dump / "toc.dat").write_bytes(b"toc")
    listed = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("gone.dat",)}
    listed["toc.dat"] = hashlib.sha256(b"toc").hexdigest()
    (dump / "SHA256SUMS").write_text("".join(f"{value}  {name}\n" for name, value in listed.items()))
    found = sums.verify(dump)
    assert found is not None
    assert (found.outcome, "gone.dat is missing" in found.by) == ("faulty", True)


def find(place: Path) -> Path:
    return source.find(BackupOptions(kind="dump", path=place)).path


@pytest.mark.parametrize(
    "beside", [*FORMS, "app.dump.asc", "app.dump.sig", "backup.log", "SHA512SUMS.txt", "app.yaml"]
)
def test_files_beside_a_dump_are_not_mistaken_for_it(tmp_path: Path, beside: str) -> None:
    dump = written(tmp_path, "SHA256SUMS")
    os.utime(dump, (1, 1))
    (tmp_path / beside).write_text("newer than the dump")
    assert find(tmp_path) == dump


def test_an_armoured_message_is_a_dump_and_no_signature(tmp_path: Path) -> None:
    (tmp_path / "app.sql.asc").write_text("-----BEGIN PGP MESSAGE-----\n")
    assert find(tmp_path).name == "app.sql.asc"


def test_roles_alone_are_not_mistaken_for_the_dump_beside_them(tmp_path: Path) -> None:
    dump = written(tmp_path, "SHA256SUMS")
    os.utime(dump, (1, 1))
    (tmp_path / "globals.sql").write_text(
        "--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE app;\n\n"
        "--\n-- PostgreSQL database cluster dump complete\n--\n"
    )
    assert find(tmp_path) == dump
    dump.unlink()
    assert find(tmp_path).name == "globals.sql"


def test_the_newest_is_taken_also_where_it_is_the_broken_one(tmp_path: Path) -> None:
    dump = written(tmp_path, "SHA256SUMS")
    os.utime(dump, (1, 1))
    (tmp_path / "later.dump").write_bytes(b"")
    assert find(tmp_path).name == "later.dump"
