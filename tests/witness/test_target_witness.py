"""`midnight target witness` prints what gives a service the witness, and how it is taken away; it changes nothing."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from chaos.census.witness import giving
from chaos.census.witness.ask import ask, folder
from chaos.errors import ExitCode, UsageError
from chaos.targets.compose import witnessing
from chaos.targets.compose.overrides import MARKS, WITNESS
from tests.compose.containers import found
from tests.typed import refusal, typed

CONSENT = "consent: {owner: me, until: 2999-12-31%s}"
ATTACHED = f"name: shop\ndriver: attach\n{CONSENT}\nroutes: {{read: {{path: /}}}}\noptions: {{base_url: http://127.0.0.1:1}}\n"


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    done = typed(capsys, "target", "witness", *argv)
    assert done.code == ExitCode.PASS
    return done.out


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    return refusal(capsys, "target", "witness", *argv)


@pytest.mark.parametrize("before", ["", "/srv/lib:/srv/more"])
def test_the_lines_for_a_process_give_it_the_witness(
    before: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (
        printed(capsys, "process").replace(giving.ANSWERS, str(tmp_path / "answers")).replace("-o USER ", "")
    )
    code = "import os; print(os.environ['PYTHONPATH'], flush=True); import sys; sys.stdin.read()"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env |= {"PYTHONPATH": before} if before else {}
    child = subprocess.Popen(
        ["sh", "-c", f'{lines}\nexec "$0" -c "$1"', sys.executable, code],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline().decode().strip() == ":".join(filter(None, [str(folder()), before]))
        assert ask(child.pid)["counter"] == 1


def test_of_a_running_process_the_path_and_the_user_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    argv = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    with subprocess.Popen(
        argv, env={"PYTHONPATH": "/srv/lib"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        said = printed(capsys, "process", str(child.pid))
    assert f"export PYTHONPATH={folder()}:/srv/lib\n" in said
    assert "-o root" in said or os.geteuid() != 0


def test_the_folder_is_named_once_and_first() -> None:
    assert giving.first_on("/a:/w:/b", "/w") == "/w:/a:/b"
    assert giving.first_on("", "/w") == "/w"


def test_a_folder_that_other_users_cannot_read_is_copied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "site").mkdir()
    tmp_path.chmod(0o700)
    monkeypatch.setattr(giving, "folder", lambda: tmp_path / "site")
    lines = giving.process()
    assert f"cp -r {tmp_path}/site /opt/midnight-witness" in lines
    assert any(line.startswith("export PYTHONPATH=/opt/midnight-witness$") for line in lines)


@pytest.mark.parametrize(
    ("told", "path", "said"),
    [
        ("echo 'PYTHONPATH=/srv/lib \"WORD=two words\"'", "SITE:/srv/lib", False),
        ("echo", "SITE", False),
        ("exit 1", "SITE", True),
    ],
)
def test_a_unit_gets_a_drop_in_that_keeps_its_path(
    told: str,
    path: str,
    said: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\n{told}\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    lines = printed(capsys, "unit", "shop").splitlines()
    assert f'Environment="PYTHONPATH={path.replace("SITE", str(folder()))}"' in lines
    assert "RuntimeDirectory=midnight-witness-shop" in lines
    assert "Environment=MIDNIGHT_WITNESS_DIR=/run/midnight-witness-shop" in lines
    assert any("rm /etc/systemd/system/shop.service.d/midnight-witness.conf" in line for line in lines)
    assert any("systemd cannot be asked" in line for line in lines) == said


def test_a_compose_service_gets_a_mount_and_its_path_is_kept() -> None:
    given = witnessing.give("shop", [found("api", environment={"PYTHONPATH": "/app"}), found("db")], ["api"])
    stream = io.StringIO()
    YAML().dump(given.document, stream)
    service = YAML(typ="safe").load(stream.getvalue())["services"]
    assert list(service) == ["api"]
    assert service["api"]["environment"] == {
        "PYTHONPATH": "/opt/midnight-witness:/app",
        "MIDNIGHT_WITNESS_DIR": "/run/midnight-witness",
    }
    (mount,) = service["api"]["volumes"]
    assert (mount["source"], mount["target"], mount["read_only"]) == (
        str(folder()),
        "/opt/midnight-witness",
        True,
    )
    assert service["api"]["tmpfs"] == ["/run/midnight-witness:mode=1777,size=64m"]
    assert WITNESS in MARKS and WITNESS in stream.getvalue()  # so `up` and `back` know the file
    assert given.comments[0] == "To take the witness away:"


@pytest.mark.parametrize("service", ["", "web"])
def test_a_service_that_the_project_does_not_have_is_refused_with_those_it_has(service: str) -> None:
    with pytest.raises(UsageError, match="must be one of api, db"):
        witnessing.give("shop", [found("api"), found("db")], [service])


@pytest.mark.parametrize("agreed", [False, True])
def test_a_target_file_gets_its_lines_and_the_consent_it_lacks(
    agreed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(ATTACHED % (", witness: true" if agreed else ""))
    said = printed(capsys, str(file))
    assert ("consent: {..., witness: true}" in said) != agreed
    assert f"export MIDNIGHT_WITNESS_DIR={giving.ANSWERS}" in said


def test_what_midnight_starts_itself_and_what_is_no_target_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "choose a profile" in refused(capsys, "embedded")
    assert "must be TARGET" in refused(capsys, "unit")
    assert "must be TARGET" in refused(capsys, "process", "none")
    assert "no process has pid 4194305" in refused(capsys, "process", "4194305")
