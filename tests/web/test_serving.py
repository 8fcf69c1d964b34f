"""Where `midnight web` listens, and what it says without its extra."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.cli import main
from chaos.errors import UsageError
from chaos.web import serving, tokens


@pytest.mark.parametrize("listen", ["0.0.0.0:8642", "[::]:8642"])
def test_every_address_at_once_is_refused(listen: str) -> None:
    with pytest.raises(UsageError, match="name one address"):
        serving.serve(listen, Path("none.yaml"), print)


@pytest.mark.parametrize("listen", ["8642", "localhost", "127.0.0.1:x", "127.0.0.1:70000", ""])
def test_an_address_without_host_and_port_is_refused(listen: str) -> None:
    with pytest.raises(UsageError, match=r"must be HOST:PORT, such as 127\.0\.0\.1:8642"):
        serving.serve(listen, Path("none.yaml"), print)


def test_a_port_in_use_and_a_foreign_address_are_refused_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for listen in (f"127.0.0.1:{taken.getsockname()[1]}", "192.0.2.1:8642"):
            with pytest.raises(UsageError, match="cannot listen there"):
                serving.serve(listen, Path("none.yaml"), print)


def test_acts_are_not_offered_to_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "_is_loopback", lambda _: False)
    with pytest.raises(UsageError, match=r"--allow-run: 127\.0\.0\.1 is not loopback"):
        serving.serve("127.0.0.1:0", Path("none.yaml"), print, tokens=tokens.new())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tokens", "x"], "--tokens, or MIDNIGHT_WEB_TOKENS, requires --allow-run"),
        (
            ["--allow-run", "--tokens", "no-such-file"],
            "no-such-file: cannot be read: No such file or directory",
        ),
    ],
)
def test_wrong_options_are_refused_in_one_line(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["web", *options])
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"midnight: {said}\n"


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_one_line_says_what_to_type(missing: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; from chaos.cli import main; main(['web'])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 2
    assert done.stderr == "midnight: to serve pages, type: pip install 'midnight-chaos[web]'\n"
