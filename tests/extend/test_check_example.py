"""The check of docs/extend/check.md: installed, it judges a stored run and decides its verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.record.hits import Outcome
from tests.checks.synthetic import Night
from tests.extend.installing import Installed, install


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install("check", tmp_path_factory.mktemp("installed"))


@pytest.fixture
def midnight(installed: Installed, tmp_path: Path) -> Installed:
    return installed.used_in(tmp_path)


@pytest.mark.parametrize(
    ("bad", "outcome", "code"),
    [((20.0, 22.0), "pass", 0), ((40.0, 42.0), "fail", 1)],
    ids=["within", "after"],
)
def test_it_is_in_the_verdict(midnight: Installed, bad: tuple[float, float], outcome: str, code: int) -> None:
    run = midnight.place / "night"
    changed = {"slos": [{"name": "availability", "availability": "90%"}], "limits": {"recovery": 15}}
    Night(bad=[(*bad, Outcome.TIMEOUT)], changed=changed).write(run)
    done = midnight("judge", str(run), "--json")
    (found,) = (each for each in json.loads(done.out)["findings"] if each["check"] == "undisturbed")
    assert (found["outcome"], done.code) == (outcome, code), found
    assert midnight.lacking()("judge", str(run)).code == 0


def test_its_own_tests_and_the_contract_pass(midnight: Installed) -> None:
    assert "skipped" not in midnight.test("undisturbed")
