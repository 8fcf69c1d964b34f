"""/proc/PID/stat: the fields after a name that may hold anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from chaos.host import proc


def test_a_name_with_brackets_and_spaces_does_not_shift_the_fields(tmp_path: Path) -> None:
    program = tmp_path / "a) R (b"
    shutil.copy("/bin/cat", program)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as odd:
        assert odd.stdin is not None and odd.stdout is not None
        odd.stdin.write(b"up\n")
        odd.stdout.readline()
        name, fields = proc.named_stat(f"/proc/{odd.pid}")
        assert name == program.name.encode()
        assert int(fields[proc.PARENT]) == os.getpid()
        assert int(fields[proc.SESSION]) == os.getsid(0)
        assert fields[proc.STATE] not in proc.ENDED
        odd.stdin.close()
        os.waitid(os.P_PID, odd.pid, os.WEXITED | os.WNOWAIT)
        assert proc.stat(f"/proc/{odd.pid}")[proc.STATE] in proc.ENDED


def test_a_thread_has_fields_of_its_own() -> None:
    place = f"/proc/self/task/{threading.get_native_id()}"
    assert int(proc.stat(place)[proc.PARENT]) == os.getppid()
    assert int(proc.stat("/proc/self")[proc.THREADS]) == len(os.listdir("/proc/self/task"))  # noqa: PTH208


@pytest.mark.parametrize("content", [b"", b"7"])
def test_one_that_ends_while_it_is_read_is_gone(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proc, "start_of", lambda _: content)
    with pytest.raises(ProcessLookupError, match="/proc/7 has ended"):
        proc.stat("/proc/7")
