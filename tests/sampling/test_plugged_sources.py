"""A plug-in's source is sampled beside the shipped ones; one that fails costs its own gauges and one line."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import pytest

from chaos.plugin.handles import Handles
from chaos.record.journal import Clock, Sample, Writer
from chaos.sampling import plugged
from chaos.sampling.sampler import Sampler
from tests.plugging import install

GOOD = """
from chaos.plugin import SamplingSource

class plugged(SamplingSource):
    gauges = {"depth": "messages"}

    @classmethod
    def of(cls, handles):
        return cls() if handles.base_url else None

    def read(self):
        return {"depth": 7}
"""


class Sampled:
    """The samples of a target with one source of a plug-in, taken until there is one or the source is lost, and one of
    the machine: each source has a thread of its own."""

    def __init__(self, place: Path, handles: Handles) -> None:
        self.lost: dict[str, str] = {}
        self.over, self.others = threading.Event(), threading.Event()
        writer = Writer(place / "samples.jsonl")
        self.sampler = Sampler(handles, writer, Clock(time.monotonic()), self.lose)
        write = writer.samples

        def samples(batch: list[Sample]) -> None:
            write(batch)
            if any(each.source == "queue" for each in batch):
                self.over.set()
            if any(each.source == "machine" for each in batch):
                self.others.set()

        writer.samples = samples  # type: ignore[method-assign]
        self.sampler.start()
        self.over.wait(20 if handles.base_url else 0)
        self.others.wait(20)
        self.sampler.stop()
        writer.close()
        lines = map(json.loads, (place / "samples.jsonl").read_text().splitlines()[1:])
        self.values = [line["values"]["queue"] for line in lines if "queue" in line["values"]]

    def lose(self, name: str, because: str) -> None:
        assert name not in self.lost, "said twice"
        self.lost[name] = because
        self.over.set()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "midnight_queue", raising=False)
    return tmp_path


HERE = Handles(base_url="http://127.0.0.1:1")


def test_its_gauges_are_in_the_journal_under_its_name(place: Path) -> None:
    install(place, "sources", "queue", GOOD)
    sampled = Sampled(place, HERE)
    assert sampled.values[0] == {"depth": 7.0}
    assert sampled.sampler.counted("queue", "depth") == 7.0 and sampled.lost == {}


def test_one_that_has_nothing_to_sample_is_left_out_in_silence(place: Path) -> None:
    install(place, "sources", "queue", GOOD)
    sampled = Sampled(place, Handles())
    assert (sampled.values, sampled.lost) == ([], {})


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("plugged = print\n", "must be a SamplingSource, got <built-in"),
        (GOOD.replace("return cls() if", "return 1 / 0 if"), "ZeroDivisionError"),
        (GOOD.replace('return {"depth": 7}', "return 1 / 0"), "ZeroDivisionError"),
        (GOOD.replace('return {"depth": 7}', 'return {"dept": 7}'), "'dept' is not among its gauges: depth"),
        (GOOD.replace('"depth": 7', '"depth": float("nan")'), "depth must be a finite number, got nan"),
        (GOOD.replace('"depth": 7', '"depth": "many"'), "could not convert string to float"),
    ],
)
def test_one_that_fails_is_lost_with_the_reason_and_stops_nothing(
    text: str, because: str, place: Path
) -> None:
    install(place, "sources", "queue", text)
    sampled = Sampled(place, HERE)
    assert because in sampled.lost["queue"] and sampled.values == []
    assert sampled.sampler.counted("machine", "cpu") is not None


def test_one_whose_read_does_not_return_is_left_behind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugged, "RETURNS_WITHIN", 0.05)
    install(place, "sources", "queue", GOOD)
    lost: dict[str, str] = {}
    (source,) = plugged.every(HERE, lost.__setitem__)
    returned = threading.Event()
    reading = threading.Thread(target=returned.wait)
    reading.start()
    source.abandon_unless(reading)
    returned.set()
    reading.join()
    assert lost == {"queue": "its read did not return within 0.05 s"}
    assert source.read() == {}


def test_one_that_has_returned_is_not_said_to_hang(place: Path) -> None:
    install(place, "sources", "queue", GOOD)
    lost: dict[str, str] = {}
    (source,) = plugged.every(HERE, lost.__setitem__)
    reading = threading.Thread(target=source.read)
    reading.start()
    source.abandon_unless(reading)
    assert lost == {}


@pytest.mark.parametrize("name", ["database", "process"])
def test_the_names_of_shipped_gauges_are_taken(name: str, place: Path) -> None:
    install(place, "sources", name, GOOD)
    lost: dict[str, str] = {}
    (source,) = plugged.every(HERE, lost.__setitem__)
    assert source.read() == {} and "is taken by midnight's own gauges" in lost[name]
