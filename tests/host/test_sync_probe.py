"""The probe of a volume puts no named file into a directory that is not midnight's own."""

from __future__ import annotations

import errno
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from chaos.host import sync_probe


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The named files that were made, where the file system has none without a name, as with NFS."""
    found, opened, mkstemp = list[str](), os.open, tempfile.mkstemp

    def without(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "not supported")
        return opened(path, flags, *more, **options)

    def counted(*given: Any, **options: Any) -> tuple[int, str]:
        file, name = mkstemp(*given, **options)
        found.append(name)
        return file, name

    monkeypatch.setattr(os, "open", without)
    monkeypatch.setattr(tempfile, "mkstemp", counted)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr("select.select", lambda *_: ([sys.stdin], [], []))
    return found


def test_a_teams_directory_gets_no_file_with_a_name(tmp_path: Path, made: list[str]) -> None:
    with pytest.raises(OSError, match="not supported"):
        sync_probe.probe(tmp_path)
    assert made == []


def test_midnights_own_directory_gets_one_that_loses_its_name_at_once(
    tmp_path: Path, made: list[str]
) -> None:
    sync_probe.probe(tmp_path, named=True)
    assert len(made) == 1 and list(tmp_path.iterdir()) == []
