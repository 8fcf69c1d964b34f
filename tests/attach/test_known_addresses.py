"""One way from an address of a target file to a URL, for gauges, pprof, Prometheus and Alertmanager."""

from __future__ import annotations

import pytest

from chaos.access import addresses
from chaos.errors import Refused
from chaos.plugin.handles import Handles

KNOWN = Handles(base_url="http://127.0.0.1:80/", addresses={"metrics": "http://127.0.0.1:9100/"}).urls


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("", ""),
        ("{metrics}/page", "http://127.0.0.1:9100/page"),
        ("{base_url}/metrics", "http://127.0.0.1:80/metrics"),
        ("http://localhost:1/x", "http://localhost:1/x"),
    ],
)
def test_a_name_is_replaced_by_the_drivers_address(address: str, url: str) -> None:
    assert addresses.found(address, "pprof", KNOWN, ()) == url


@pytest.mark.parametrize(
    ("address", "because"),
    [
        ("{metric}/page", "pprof: {metric} is not an address of this target; did you mean metrics?"),
        ("http://192.0.2.1:9", "pprof: '192.0.2.1' (192.0.2.1) is not this machine"),
    ],
)
def test_what_is_not_of_this_target_is_refused(address: str, because: str) -> None:
    with pytest.raises(Refused) as error:
        addresses.found(address, "pprof", KNOWN, ())
    assert str(error.value).startswith(because)
