"""Who can become whom, and reach what, is tried and not guessed."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from chaos.host.ports import free_port
from chaos.host.privileges import can_reach, give, is_root, root_command, unprivileged_user

as_root = pytest.mark.skipif(not is_root(), reason="only root can become somebody else")


def test_a_free_port_can_be_listened_on() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as server:
        assert server.getsockname()[1] > 0


def test_we_reach_what_exists_and_not_what_does_not(tmp_path: Path) -> None:
    assert can_reach(None, tmp_path)
    assert not can_reach(None, tmp_path / "nothing")


@as_root
def test_the_unprivileged_user_does_not_reach_below_a_closed_directory(tmp_path: Path) -> None:
    user = unprivileged_user()
    assert user is not None and user.uid != 0
    tmp_path.chmod(0o700)
    below = tmp_path / "below"
    below.mkdir()
    give(below, user)
    assert below.stat().st_uid == user.uid
    assert not can_reach(user, below)
    assert can_reach(None, below)


@as_root
def test_root_needs_nothing_before_a_command() -> None:
    assert root_command() == ()


@pytest.mark.skipif(is_root(), reason="root is not an ordinary user")
def test_an_ordinary_user_has_no_other_user_to_run_as() -> None:
    assert unprivileged_user() is None


def test_a_sudo_that_requires_a_password_is_not_a_way_to_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\nexit 1\n")
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert root_command() is None
    sudo.write_text('#!/bin/sh\n[ "$1" = -n ]\n')
    assert root_command() == (str(sudo), "-n")
