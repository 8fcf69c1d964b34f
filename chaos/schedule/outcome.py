"""Read how a started run ended, and decide what to notify."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from chaos.errors import JUDGED, ExitCode
from chaos.notify.message import Event
from chaos.record.store import RunDir, reports_dir

_IN_WORDS: Mapping[int, str] = {
    ExitCode.ABORTED: "aborted, everything undone",
    ExitCode.FAILED: "midnight itself failed, everything undone",
    ExitCode.NOT_UNDONE: "NOT UNDONE: run `midnight undo`",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `headline`: the verdict's, or the reason why there is none."""

    exit_code: int  # negative: killed by this signal
    headline: str
    verdict: str | None = None
    run: str | None = None
    report: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """Details for a message, besides the headline."""
        return {key: value for key, value in asdict(self).items() if key != "headline"}

    @property
    def refused(self) -> bool:
        return self.exit_code == ExitCode.USAGE  # nothing was touched


def read(exit_code: int, out: str, err: str) -> Ended:
    """Parse how `midnight run --json` ended from its exit code and output."""
    document = _document(out)
    last = (err.strip().splitlines() or [""])[-1].removeprefix("midnight: ")
    words = _IN_WORDS.get(exit_code, last or f"exit code {exit_code} without output")
    if exit_code < 0:
        words = f"killed by signal {-exit_code}; run `midnight undo` in case it left something"
    if document is None:
        return Ended(exit_code, words)
    headline = document["headline"] if exit_code in JUDGED else f"{words} ({document['headline']})"
    run = document["run"]
    report = RunDir(reports_dir() / str(document["experiment"]) / str(run)).report
    return Ended(exit_code, headline, document["verdict"], run, str(report), document["figures"] or {})


def _document(out: str) -> dict[str, Any] | None:
    try:
        document = json.loads(out)
    except ValueError:
        return None
    known = (
        isinstance(document, dict)
        and {"headline", "verdict", "run", "experiment", "figures"} <= document.keys()
    )
    return document if known else None


def event_of(ended: Ended, was_bad: bool) -> Event:
    """Decide what to notify. `was_bad`: the last played run ended with fail or unknown."""
    if ended.exit_code == ExitCode.PASS:
        return Event.RECOVERED if was_bad else Event.PASSED
    if ended.refused:
        return Event.MISSED
    return Event.FAIL if ended.exit_code in (ExitCode.VIOLATED, ExitCode.NOT_UNDONE) else Event.UNKNOWN
