"""The monitoring programs come from the distribution's packages, whose services are not started."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import ToolMissing
from chaos.tools import monitoring, packages
from chaos.tools.part import Gettable


class Machine:
    """A machine with an apt-get that installs Alertmanager and writes down what its package is told."""

    def __init__(self, path: Path, policy: Path) -> None:
        self.path, self.policy, self.asked = path, policy, path / "asked"
        for name in ("env", "rm", "chmod", "cat"):
            (path / name).symlink_to(f"/usr/bin/{name}")
        self.program("systemctl", f'echo "systemctl $*" >>{self.asked}')
        self.apt(fails=False)

    def program(self, name: str, script: str) -> None:
        (self.path / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.path / name).chmod(0o755)

    def apt(self, *, fails: bool) -> None:
        installed = self.path / "prometheus-alertmanager"
        made = "#!/bin/sh\\necho alertmanager, version 0.28.1\\n"
        self.program(
            "apt-get",
            f'[ "$1" = install ] || exit 0\n'
            f'echo "apt-get $* ($DEBIAN_FRONTEND)" >>{self.asked}\n'
            f'{self.policy} prometheus-alertmanager start; echo "policy $?" >>{self.asked}\n'
            f"[ {int(fails)} = 0 ] || {{ echo E: no such package; exit 100; }}\n"
            f"printf '{made}' >{installed}; chmod +x {installed}",
        )

    @property
    def said(self) -> list[str]:
        return self.asked.read_text().splitlines()


@pytest.fixture(name="machine")
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    path = tmp_path / "path"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setattr("chaos.tools.command._ADMIN_DIRS", ())
    monkeypatch.setattr(packages, "root_command", lambda: ())
    monkeypatch.setattr(packages, "_POLICY", str(tmp_path / "policy-rc.d"))
    monkeypatch.setattr(packages, "_UNITS", (str(tmp_path / "etc"), str(tmp_path / "lib")))
    return Machine(path, tmp_path / "policy-rc.d")


INSTALLS = "apt-get install -y --no-install-recommends prometheus-alertmanager (noninteractive)"


def test_every_monitoring_program_can_be_fetched() -> None:
    assert all(isinstance(each, Gettable) for each in monitoring.PROGRAMS)


def test_a_program_is_installed_and_its_service_neither_starts_nor_is_enabled(machine: Machine) -> None:
    assert monitoring.alertmanager.get().version == "0.28.1"
    assert machine.said == [INSTALLS, "policy 101", "systemctl --quiet disable prometheus-alertmanager"]
    assert not machine.policy.exists()


def test_one_that_is_there_is_not_installed(machine: Machine) -> None:
    machine.program("alertmanager", "echo alertmanager, version 0.27.0")
    assert monitoring.alertmanager.get().version == "0.27.0"
    assert not machine.asked.exists()


def test_a_policy_of_the_machines_own_stays(machine: Machine) -> None:
    machine.policy.write_text("#!/bin/sh\nexit 104\n")
    machine.policy.chmod(0o755)
    monitoring.alertmanager.get()
    assert "policy 104" in machine.said
    assert machine.policy.read_text() == "#!/bin/sh\nexit 104\n"


def test_an_installation_that_fails_is_quoted_and_leaves_no_policy(machine: Machine) -> None:
    machine.apt(fails=True)
    with pytest.raises(ToolMissing, match=r"apt-get: env failed with 1: .*no such package"):
        monitoring.alertmanager.get()
    assert not machine.policy.exists()
    assert not [line for line in machine.said if line.startswith("systemctl")]


def test_a_service_that_was_there_before_is_not_disabled(machine: Machine, tmp_path: Path) -> None:
    """Its binary may be off PATH, and the service in use."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "prometheus-alertmanager.service").touch()
    monitoring.alertmanager.get()
    assert machine.said == [INSTALLS, "policy 101"]


def test_without_root_the_command_to_type_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "root_command", lambda: None)
    typed = "installing it needs root; type: sudo apt-get install .* prometheus-alertmanager"
    with pytest.raises(ToolMissing, match=typed):
        monitoring.alertmanager.get()
    (machine.path / "apt-get").unlink()
    with pytest.raises(ToolMissing, match=r"no supported package manager .* install alertmanager with"):
        monitoring.alertmanager.get()
