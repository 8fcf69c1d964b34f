"""What is confined reaches nobody: no network but its own loopback, and no file or socket that it was not shown."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.host.confinement import Confinement
from chaos.host.privileges import unprivileged_user


@pytest.fixture
def confinement(tmp_path: Path) -> Confinement:
    (tmp_path / "root").mkdir()
    (tmp_path / "shown").mkdir()
    confinement = Confinement(tmp_path / "root", (tmp_path / "shown",))
    if refusal := confinement.refusal(None):
        pytest.skip(f"no namespaces here: {refusal}")
    return confinement


def inside(confinement: Confinement, script: str) -> str:
    command = confinement.command(["/bin/sh", "-c", script], None)
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_confined_process_has_only_its_own_loopback(confinement: Confinement) -> None:
    links = inside(confinement, "cat /proc/self/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in links] == ["lo"]
    routes = inside(confinement, "cat /proc/self/net/route").splitlines()[1:]
    assert routes == []


def test_a_socket_that_listens_outside_is_not_reached(confinement: Confinement, tmp_path: Path) -> None:
    place = tmp_path / "s"
    tcp = socket.create_server(("127.0.0.1", 0))
    named = socket.socket(socket.AF_UNIX)
    named.bind(os.path.relpath(place))
    named.listen()
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0midnight-test-{os.getpid()}")
    abstract.listen()
    script = f"""if True:
        import socket
        for family, address in (
            (socket.AF_INET, ("127.0.0.1", {tcp.getsockname()[1]})),
            (socket.AF_UNIX, {str(place)!r}),
            (socket.AF_UNIX, "\\0midnight-test-{os.getpid()}"),
        ):
            try:
                socket.socket(family).connect(address)
                print("reached", address)
            except OSError:
                print("refused")
    """
    interpreter = Path(sys.base_prefix)
    seen = Confinement(confinement.root, (interpreter,))
    command = seen.command([interpreter / "bin" / "python3", "-I", "-c", script], None)
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    for one in (tcp, named, abstract):
        one.close()
    assert done.stdout.split() == ["refused"] * 3


def test_a_confined_process_sees_and_writes_only_the_directories_it_was_given(
    confinement: Confinement, tmp_path: Path
) -> None:
    (tmp_path / "hidden").write_text("production's")
    found = inside(confinement, f"ls {tmp_path}; echo made > {tmp_path}/shown/by-it; ls /")
    assert "hidden" not in found
    assert (tmp_path / "shown" / "by-it").read_text() == "made\n"
    assert not {"run", "var", "home", "srv"} & set(found.split())
    assert list((tmp_path / "root").iterdir()) == []  # what was mounted there was seen by it alone


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_a_confined_process_runs_as_another_user_without_capabilities(confinement: Confinement) -> None:
    user = unprivileged_user()
    assert user is not None
    command = confinement.command(
        ["/bin/sh", "-c", "id -u; grep -E 'CapEff|NoNewPrivs' /proc/self/status"], user
    )
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout.split() == [str(user.uid), "CapEff:", "0000000000000000", "NoNewPrivs:", "1"]


def test_an_unavailable_confinement_is_reported_with_its_reason(tmp_path: Path) -> None:
    refusal = Confinement(tmp_path / "not there", ()).refusal(None)
    assert refusal is not None
    assert "cannot be confined" in refusal
