"""Adds the tests of the contract to a run of pytest, where the author's conftest.py can see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from chaos.contract import named
from chaos.errors import UsageError

PLACE = Path(__file__).parent
FIXTURES = ("midnight_handles", "midnight_params", "midnight_runs", "midnight_staging", "midnight_target")
SUBJECT = "midnight_subject"


def begin(config: pytest.Config, asked: Sequence[str]) -> None:
    """Raises pytest.UsageError for a name that is not registered."""
    try:
        chosen = named.chosen(asked)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    from chaos.contract import fixtures

    pytest.register_assert_rewrite(*(f"chaos.contract.{kind}" for kind in chosen))
    config.pluginmanager.register(fixtures, "midnight-contract-fixtures")
    config.pluginmanager.register(Contract(chosen), "midnight-contract")


class Contract:
    """The tests of what was asked for, as if they lay beside the conftest.py that overrides a fixture of theirs."""

    def __init__(self, chosen: Mapping[str, Sequence[str]]) -> None:
        self._chosen = {kind: names for kind, names in chosen.items() if names}
        self._directories: dict[Path, pytest.Collector] = {}
        self._home: Path | None = None

    def pytest_plugin_registered(self, plugin: object) -> None:
        file = Path(getattr(plugin, "__file__", None) or "")
        if file.name == "conftest.py" and any(hasattr(plugin, name) for name in FIXTURES):
            self._home = file.parent

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        if isinstance(collector, pytest.Directory):
            self._directories.setdefault(collector.path, collector)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        parent = self._directories.get(self._home, session) if self._home else session
        for kind in self._chosen:
            module = pytest.Module.from_parent(
                parent, path=PLACE / f"{kind}.py", nodeid=f"midnight-contract/{kind}"
            )
            items.extend(session.genitems(module))

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        kind = metafunc.module.__name__.rpartition("chaos.contract.")[2]
        if SUBJECT in metafunc.fixturenames and kind in self._chosen:
            metafunc.parametrize(SUBJECT, self._chosen[kind])
