"""Checks, sources, report formats and drivers: a sound one of each, and others that break one rule each."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from chaos.checks import Check, Figure, Finding, Judged, Measured, Outcome, of_finding
from chaos.host.processes import spawn
from chaos.plugin import Driver, Evidence, Handles, Model, SamplingSource, Site, Target, Undo, Wants
from chaos.reports import Format, JudgedRun

COUNT = itertools.count()


def found(judged: Judged, **evidence: Any) -> list[Finding]:
    seen = judged.observation
    outcome = Outcome.UNKNOWN if seen is None else Outcome.PASS
    return [Finding("hits", outcome, None, None, "", "hits were seen", evidence)]


def _writes(judged: Judged) -> list[Finding]:
    (judged.journal.run.path / "mine.txt").write_text("seen")
    return found(judged)


def _passes(judged: Judged) -> list[Finding]:
    return [Finding("green_check", Outcome.PASS, None, None, "", f"{judged.journal.run.id} is fine")]


good_check = Check("good_check", found)
counting_check: Check[Judged] = Check("counting_check", lambda judged: found(judged, n=next(COUNT)))
misnamed_check = Check("misnamed", found)
writing_check = Check("writing_check", _writes)
green_check = Check("green_check", _passes)
raising_check: Check[Judged] = Check(
    "raising_check", lambda judged: found(judged, hits=judged.journal.hits_header.routes)
)


def _writes_beside(run: Measured) -> float | None:
    (run.judged.journal.run.path / "mine.txt").write_text("seen")
    return None


good_figure = Figure("good_figure", "ratio", "good hits", of_finding("availability"))
counting_figure = Figure("counting_figure", "count", "looks", lambda run: next(COUNT) if run.hits else None)
zero_figure = Figure("zero_figure", "count", "hits", lambda run: run.hits.get("hits") or 0.0)
endless_figure = Figure("endless_figure", "s", "wait", lambda run: float("inf") if run.hits else None)
writing_figure = Figure("writing_figure", "count", "files", _writes_beside)
raising_figure = Figure("raising_figure", "count", "hits", lambda run: run.hits["hits"])
nameless_figure = Figure("nameless_figure", "count", "", lambda _: None)


class GoodSource(SamplingSource):
    gauges: ClassVar[Mapping[str, str]] = {"files": "count"}

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, handles: Handles) -> Self | None:
        return cls(handles.volumes["data"].path) if "data" in handles.volumes else None

    def read(self) -> Mapping[str, float]:
        return {"files": len(list(self.path.iterdir()))}


class NamelessSource(GoodSource):
    gauges: ClassVar[Mapping[str, str]] = {}

    def read(self) -> Mapping[str, float]:
        return {}


class UndeclaredSource(GoodSource):
    def read(self) -> Mapping[str, float]:
        return {"directories": 1.0}


class GreedySource(GoodSource):
    @classmethod
    def of(cls, handles: Handles) -> Self | None:
        return cls(handles.volumes["data"].path)


def _beside(judged: JudgedRun) -> str:
    (judged.run.path / "beside.txt").write_text("more")
    return "text"


good_report = Format("good_report", "good.txt", lambda judged: judged.verdict.headline)
writing_report = Format("writing_report", "writing.txt", _beside)
raising_report = Format(
    "raising_report", "raising.txt", lambda judged: str(judged.journal.hits_header.routes)
)


class Options(Model):
    place: Path


class GoodDriver(Driver):
    Options = Options
    given = Handles(base_url="http://127.0.0.1:1")

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        del target
        return frozenset({"base_url"})

    def __init__(self, target: Target, options: Any, profile: Any, staging: Any) -> None:
        super().__init__(target, options, profile, staging)
        self.place = options.place

    @property
    def versions(self) -> Mapping[str, str]:
        return {}

    def wants(self) -> Wants:
        return Wants()

    def up(self, site: Site) -> Handles:
        directory = self.place / site.mark
        site.creating("directory", {"path": str(directory)})
        directory.mkdir()
        return self.given

    def drain(self) -> None: ...

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        shutil.rmtree(undo["path"], ignore_errors=True)
        return {}


class LyingDriver(GoodDriver):
    given = Handles(base_url="http://127.0.0.1:1", addresses={"metrics": "http://127.0.0.1:1/metrics"})


class LeavingDriver(GoodDriver):
    """A process that goes on until this one ends."""

    def up(self, site: Site) -> Handles:
        site.creating("cat", {})
        self.process = spawn(["cat"], mark=site.mark, stdin=subprocess.PIPE)
        return self.given

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return {"nothing": undo}


class OnceDriver(GoodDriver):
    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        shutil.rmtree(undo["path"])
        return {}
