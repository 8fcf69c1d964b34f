"""The fixtures of the contract. Override those you need in your conftest.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from chaos.plugin.handles import Handles


@pytest.fixture
def midnight_handles() -> Handles:
    """What the fault acts on, or the source samples: real, and yours to break. It is made for each test.

    Without handles a fault that needs some is skipped. Use `midnight_subject`, the name under test, to tell plug-ins
    apart.
    """
    return Handles()


@pytest.fixture
def midnight_params() -> Mapping[str, Any]:
    """The parameters of the fault, as `with:` of a step gives them."""
    return {}


@pytest.fixture
def midnight_target() -> Path | None:
    """A target file for the driver. It is brought up and taken down."""
    return None


@pytest.fixture
def midnight_staging() -> Mapping[str, float]:
    """What faults have the driver set up, by the keys of `STAGING`: all that its handles depend on."""
    return {}


@pytest.fixture
def midnight_runs() -> Sequence[Path]:
    """Directories of stored runs that checks, figures and report formats are tried on, beside three small ones of
    midnight's."""
    return ()
