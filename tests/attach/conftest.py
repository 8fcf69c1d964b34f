from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attach.service import Service


@pytest.fixture
def service() -> Iterator[Service]:
    """A service that answers everything well, until told otherwise."""
    found = Service()
    found.start()
    yield found
    found.stop()
