"""The driver of docs/extend/driver.md: installed, a tiny experiment plays on the target that it brings up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import traces
from tests.extend.installing import Installed, install


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install("driver", tmp_path_factory.mktemp("installed"))


@pytest.fixture
def midnight(installed: Installed, tmp_path: Path) -> Installed:
    return installed.used_in(tmp_path)


@pytest.mark.real
@pytest.mark.wide
def test_its_own_tests_and_the_contract_pass(midnight: Installed) -> None:
    assert "skipped" not in midnight.test("static_site")


def test_a_target_file_is_valid_only_once_it_is_installed(midnight: Installed) -> None:
    file = str(midnight.package / "static_site.yaml")
    assert midnight("validate", file).code == 0
    without = midnight.lacking()("validate", file)
    assert without.code == 2
    assert "unknown target 'static_site'" in without.err + without.out


@pytest.mark.real
@pytest.mark.wide
def test_an_experiment_is_played_on_it_and_it_is_down_afterwards(midnight: Installed) -> None:
    target = midnight.file(
        "static_site.yaml",
        (midnight.package / "static_site.yaml")
        .read_text()
        .replace("public", str(midnight.package / "public")),
    )
    done = midnight("run", midnight.experiment("frozen.yaml"), "--target", target)
    assert done.code == 0, done.err + done.out
    assert midnight.outcomes()["effect: freeze"] == "pass"
    assert traces(midnight.run.id) == set()
