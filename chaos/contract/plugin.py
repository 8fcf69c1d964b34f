"""The pytest plug-in. Imports nothing else before `--midnight-contract` is given: every run of pytest loads this."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("midnight").addoption(
        "--midnight-contract",
        action="append",
        default=[],
        metavar="NAME",
        help="Hold the registered fault, driver, sampling source, check, figure or report format NAME to midnight's"
        " contract; repeatable; all: everything that is registered.",
    )


def pytest_configure(config: pytest.Config) -> None:
    if asked := config.getoption("--midnight-contract"):
        from chaos.contract import collecting

        collecting.begin(config, asked)
