"""What a proxy does is an effect on a service that goes through it, and none on one that goes past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.finding import Outcome
from chaos.plugin.fault import Fault
from chaos.plugin.handles import Database, Proxy
from chaos.plugin.probe import Answer, Probe
from chaos.toxiproxy import Toxiproxy
from tests.path.acting import made, played
from tests.path.conftest import Holders, handles
from tests.path.holder import Holder

pytestmark = pytest.mark.real

Use = Callable[[Holder], None]


def asks_and_waits(service: Holder) -> None:
    service.tell("ask 3 1000")
    service.tell("answer 3 1000")


def asks(service: Holder) -> None:
    service.tell("ask 3 1000")


def is_closed(service: Holder) -> None:
    service.tell("closed 6")


def asks_and_is_closed(service: Holder) -> None:
    service.tell("ask 6 10")
    service.tell("closed 6")


CASES: dict[str, tuple[str, dict[str, Any], Use]] = {
    "latency": ("latency", {"delay": "200ms"}, asks_and_waits),
    "bandwidth": ("bandwidth", {"rate": "5kB/s"}, asks_and_waits),
    "cut_off": ("cut_off", {}, asks),
    "black_hole": ("idle_drop", {"by": "black_hole"}, asks),
    "reset": ("idle_drop", {"by": "reset"}, asks_and_is_closed),
    "proxy": ("idle_drop", {"by": "proxy"}, is_closed),
}


@pytest.mark.parametrize(("name", "params", "use"), CASES.values(), ids=list(CASES))
def test_on_a_service_that_goes_through_the_proxy_the_effect_is_proven(
    proxy: Proxy, holders: Holders, tmp_path: Path, name: str, params: dict[str, Any], use: Use
) -> None:
    service = holders(proxy.listen, 6)
    done = played(made(name, handles(proxy, service), **params), tmp_path, lambda: use(service))
    assert done.outcome is Outcome.PASS, done
    assert done.held.evidence["own_connections"] == 6


@pytest.mark.parametrize(("name", "params", "use"), CASES.values(), ids=list(CASES))
def test_a_service_that_bypasses_the_proxy_proves_nothing_even_if_others_are_hit(
    proxy: Proxy, echo: str, holders: Holders, tmp_path: Path, name: str, params: dict[str, Any], use: Use
) -> None:
    service, others = holders(echo, 6), holders(proxy.listen, 6)
    done = played(made(name, handles(proxy, service), **params), tmp_path, lambda: use(others))
    assert done.outcome is Outcome.UNKNOWN, done
    assert f"goes through proxy 'database'; it is connected to {echo} (6)" in done.because
    assert f"let the service connect to {proxy.listen}" in done.because


@pytest.mark.parametrize("by", ["proxy", "reset", "black_hole"])
def test_sessions_of_others_do_not_help_over_the_floor(
    proxy: Proxy, holders: Holders, tmp_path: Path, by: str
) -> None:
    service, others = holders(proxy.listen, 3), holders(proxy.listen, 12)

    def use() -> None:
        service.tell("ask 3 10")
        others.tell("ask 12 10")
        if by != "black_hole":
            others.tell("closed 12")
            service.tell("closed 3")

    def unused() -> None:
        others.tell("closed 12")
        service.tell("closed 3")

    fault = made("idle_drop", handles(proxy, service), by=by, min_closed=4)
    done = played(fault, tmp_path, unused if by == "proxy" else use)
    dose = {"proxy": "closed", "reset": "reset", "black_hole": "silenced"}[by]
    assert done.outcome is Outcome.UNKNOWN, done
    assert f"3 idle sessions {dose} (at least 4 needed)" in done.because


def test_a_pool_that_keeps_one_idle_connection_reaches_the_floor_that_fits_it(
    proxy: Proxy, holders: Holders, tmp_path: Path
) -> None:
    service = holders(proxy.listen, 1)
    done = played(made("idle_drop", handles(proxy, service)), tmp_path, lambda: is_closed(service))
    assert (done.outcome, done.held.floor) == (Outcome.PASS, {"idle_sessions_closed": 1})


def test_sessions_that_wait_for_an_answer_are_not_idle_and_are_reported(
    proxy: Proxy, holders: Holders, toxiproxy: Toxiproxy, tmp_path: Path
) -> None:
    service = holders(proxy.listen, 6)
    toxiproxy.add_toxic(proxy.name, "of-the-team", "latency", "downstream", {"latency": 60_000})
    service.tell("ask 4 1000")
    done = played(made("idle_drop", handles(proxy, service)), tmp_path, lambda: is_closed(service))
    assert done.outcome is Outcome.UNKNOWN
    assert (
        "2 idle sessions closed (at least 3 needed); 2 of the service's 6 connections were idle when it acted"
        in (done.because)
    )


def test_a_reset_of_unused_sessions_is_unknown(proxy: Proxy, holders: Holders, tmp_path: Path) -> None:
    service = holders(proxy.listen, 12)

    def two_are_used() -> None:
        service.tell("ask 2 10")
        service.tell("closed 2")

    done = played(made("idle_drop", handles(proxy, service), by="reset"), tmp_path, two_are_used)
    assert done.outcome is Outcome.UNKNOWN
    assert "10 of 12 idle sessions were not used while the fault acted" in done.because
    assert done.held.dose["idle_sessions_reset"] == 2


@pytest.mark.parametrize("name", ["latency", "bandwidth", "cut_off"])
def test_a_service_on_the_path_that_sends_nothing_proves_nothing(
    proxy: Proxy, holders: Holders, tmp_path: Path, name: str
) -> None:
    done = played(made(name, handles(proxy, holders(proxy.listen, 3))), tmp_path)
    assert done.outcome is Outcome.UNKNOWN and "carried nothing" in done.because, done


def test_answers_too_small_for_the_rate_are_below_the_floor(
    proxy: Proxy, holders: Holders, tmp_path: Path
) -> None:
    service = holders(proxy.listen, 3)
    fault = made("bandwidth", handles(proxy, service), rate="100kB/s")
    done = played(fault, tmp_path, lambda: asks_and_waits(service))
    assert (
        done.outcome is Outcome.UNKNOWN
        and "answers to the service held back for 30 ms (at least 200 ms needed)" in done.because
    )


def through(fault: Fault) -> Probe:
    """The probe that says whether the service goes through the proxy."""
    (found,) = [each for each in fault.probes() if "go through" in each.what]
    return found


@pytest.mark.parametrize("name", ["latency", "bandwidth", "cut_off", "idle_drop"])
def test_a_rehearsal_says_whether_the_service_goes_through_the_proxy(
    proxy: Proxy, echo: str, holders: Holders, name: str
) -> None:
    there = through(made(name, handles(proxy, holders(proxy.listen, 2))))
    past = through(made(name, handles(proxy, holders(echo, 2))))
    assert (there.answer, there.because) == (Answer.YES, "2 now")
    assert past.answer is Answer.NO and f"it is connected to {echo} (2)" in past.because
    assert f": {proxy.listen} instead of {echo}, and restart it" in past.because  # its command line names it


def test_a_service_without_any_connection_yet_may_still_open_some(proxy: Proxy, holders: Holders) -> None:
    idle = through(made("latency", handles(proxy, holders(proxy.listen, 0))))
    assert idle.answer is Answer.UNKNOWN, idle


def test_the_servers_own_timeout_is_refused_on_what_is_not_postgresql(proxy: Proxy, holders: Holders) -> None:
    there = handles(replace(proxy, kind="redis"), holders(proxy.listen, 1))
    database = Database("host=127.0.0.1 port=9", {}, proxy.listen, ours=False)
    fault = made("idle_drop", replace(there, databases={"primary": database}), by="server")
    (line,) = [each.line for each in fault.probes() if each.answer is Answer.NO]
    assert "it leads to redis, and by: server is PostgreSQL's idle_session_timeout" in line


def test_a_region_can_be_cut_off_that_is_no_database(proxy: Proxy, holders: Holders, tmp_path: Path) -> None:
    service = holders(proxy.listen, 2)
    there = replace(handles(proxy, service), proxies={"cache": proxy})
    done = played(
        made("cut_off", there, proxies=["cache"]), tmp_path, lambda: service.tell("ask 2 10"), seconds=1.0
    )
    assert done.outcome is Outcome.PASS, done
