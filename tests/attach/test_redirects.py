"""A redirect may lead to a host that nobody has allowed: none is followed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chaos.errors import NoVerdict
from chaos.load import readback
from chaos.plugin.driver import Site
from chaos.record import hits
from chaos.sampling.api import ApiSource
from chaos.spec.target import Readback
from chaos.targets.attach.ready import wait_until_ready
from chaos.toxiproxy import Toxiproxy, ToxiproxyError
from tests.attach.service import Service


@pytest.fixture
def moving(service: Service) -> Service:
    service.moves = True
    return service


def test_a_service_that_redirects_is_not_ready(moving: Service) -> None:
    site = Site("test", lambda _what, _undo: None)
    with pytest.raises(NoVerdict, match="it answered 302"):
        wait_until_ready(f"{moving.url}/ready", {}, 0.0, site, any_answer=False)
    assert moving.paths() == {"/ready"}


def test_a_list_of_records_that_redirects_is_not_read(
    moving: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readback, "PAUSE", 0.0)
    table = hits.create(tmp_path / "hits.npy", np.arange(1.0), np.zeros(1, np.uint8), np.array([1]))
    result = readback.read_back(moving.url, Readback(path="/records"), table, 1, timeout=20.0)
    assert result is not None and not result.complete and "302" in result.because
    assert moving.paths() == {"/records"}


def test_a_control_api_that_redirects_is_refused(moving: Service) -> None:
    with pytest.raises(ToxiproxyError):
        Toxiproxy(moving.url).version()
    assert moving.paths() == {"/version"}


def test_metrics_that_redirect_are_not_gauges(moving: Service) -> None:
    source = ApiSource(f"{moving.url}/metrics")
    assert source.read() == {}
    source.close()
    assert moving.paths() == {"/metrics"}
