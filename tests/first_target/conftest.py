"""A service that runs as a process, with secrets in its environment and on its command line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.load.conftest import server

__all__ = ["server"]

SECRETS = ("tiger-Sesame-77", "hunter2-QZXJ", "rpw-9x9xKVW", "argv-JQKX-41")


@dataclass(frozen=True, slots=True)
class Shop:
    pid: int
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    password, token, redis, word = SECRETS
    log = tmp_path / "log" / "shop.log"
    log.parent.mkdir()
    environment = {
        **os.environ,
        "SHOP_DATABASE_URL": f"postgresql://shop:{password}@127.0.0.1:15999/shop",
        "SHOP_TOKEN": token,
        "SHOP_CACHE": f"redis://:{redis}@127.0.0.1:6379/0",
    }
    argv = [sys.executable, str(Path(__file__).parent / "shop.py"), str(log), f"--password={word}"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        (tmp_path / "shop.pid").write_text(f"{process.pid}\n")
        yield Shop(process.pid, port, log)
        process.terminate()
