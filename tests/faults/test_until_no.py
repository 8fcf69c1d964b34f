"""Probes of which each presumes the ones before it end with the first `no`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chaos.faults.shared import proxies
from chaos.faults.shared.own_path import OwnPath
from chaos.plugin.handles import Handles, Job, Proxy
from chaos.plugin.probe import Answer, Probe, answers, no, unknown, until_no, yes
from tests.faults.foreseeing import probed


class Asked:
    """A subject with four probes, the third of which is a `no` if it is `broken`."""

    def __init__(self, *, broken: bool) -> None:
        self.broken, self.reached, self.closed = broken, list[str](), False

    @until_no
    def probes(self, most: int = 4) -> Iterator[Probe]:
        try:
            for number, name in enumerate(("runs", "unsure", "may be cut", "floor")[:most]):
                self.reached.append(name)
                answer = no(name, "broken") if self.broken and number == 2 else yes(name)
                yield unknown(name, "not now") if name == "unsure" else answer
        finally:
            self.closed = True


def test_a_no_is_the_last_and_what_comes_after_it_is_not_tried() -> None:
    asked = Asked(broken=True)
    assert [probe.what for probe in asked.probes()] == ["runs", "unsure", "may be cut"]
    assert asked.reached == ["runs", "unsure", "may be cut"] and asked.closed


def test_without_a_no_all_of_them_are_tried_an_unknown_included() -> None:
    asked = Asked(broken=False)
    assert [probe.answer for probe in asked.probes()] == [Answer.YES, Answer.UNKNOWN, Answer.YES, Answer.YES]
    assert [probe.what for probe in asked.probes(most=1)] == ["runs"]


def test_an_error_among_them_is_a_no_as_it_was_raised() -> None:
    @until_no
    def raising() -> Iterator[Probe]:
        yield yes("runs")
        raise OSError("gone")

    assert [probe.answer for probe in answers("target", raising)] == [Answer.YES, Answer.NO]


def test_a_job_whose_directory_is_gone_is_not_looked_for_in_it(tmp_path: Path) -> None:
    found = probed("batch_job", Handles(jobs={"nightly": Job(("./nightly.sh",), {}, tmp_path / "gone")}))
    asked = [what for what in found if not what.startswith("floor: ")]
    assert asked == [f"the nightly job can start in {tmp_path / 'gone'}"]


def test_the_path_is_not_watched_behind_a_proxy_that_does_not_answer() -> None:
    listed = [Proxy("http://127.0.0.1:1", name, "127.0.0.1:2", "127.0.0.1:3") for name in ("one", "other")]
    path = OwnPath(Handles(proxies={proxy.name: proxy for proxy in listed}), ["one", "other"], "test")
    (first,) = path.probes()
    assert first == proxies.lets_pass(listed[0]) and first.answer is Answer.NO
