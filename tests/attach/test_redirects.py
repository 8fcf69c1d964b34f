"""A redirect may lead to a host that nobody has allowed: none is followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import NoVerdict
from chaos.load import asker, readback
from chaos.plugin.driver import Site
from chaos.plugin.handles import GaugeSource
from chaos.sampling.gauges import GaugesSource
from chaos.spec import formulas
from chaos.targets.attach.ready import wait_until_ready
from chaos.toxiproxy import Toxiproxy, ToxiproxyError
from tests.attach.service import Service
from tests.load.planting import read, ways, writes


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
    monkeypatch.setattr(asker, "PAUSE", 0.0)
    rule = ways(key="{seq}", read={"list": "/records", "keys": "$[*]"})
    result = read(rule, writes(rule, tmp_path / "hits.npy", 1), moving.url)
    assert not result.complete and "answered with 302 to /elsewhere, which is not followed" in result.because
    assert moving.paths() == {"/records"}


def test_a_control_api_that_redirects_is_refused(moving: Service) -> None:
    with pytest.raises(ToxiproxyError):
        Toxiproxy(moving.url).version()
    assert moving.paths() == {"/version"}


def test_metrics_that_redirect_are_not_gauges(moving: Service) -> None:
    size = {"pool_size": formulas.parse("pool_size", json=False)}
    source = GaugesSource([GaugeSource("prometheus", "", url=f"{moving.url}/metrics", must=size)])
    assert source.read() == {}
    source.close()
    assert moving.paths() == {"/metrics"}
