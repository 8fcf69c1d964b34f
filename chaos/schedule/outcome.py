"""What a run that was started says when it has ended, and what that means to people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from chaos.notify.message import Event
from chaos.record.store import RunDir, reports_dir

REFUSED = 2  # nothing was touched
NOT_UNDONE = 6

_IN_WORDS = {
    4: "aborted, everything undone",
    5: "midnight itself failed, everything undone",
    NOT_UNDONE: "NOT UNDONE: `midnight undo` undoes what is left",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `headline` is that of the verdict, or says why there is none."""

    exit_code: int
    headline: str
    verdict: str | None = None
    run: str | None = None
    report: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """What a message says of it besides the headline."""
        return {key: value for key, value in asdict(self).items() if key != "headline"}

    @property
    def refused(self) -> bool:
        return self.exit_code == REFUSED


def read(exit_code: int, out: str, err: str) -> Ended:
    """The ending of `midnight run --json`, from its exit code and what it printed."""
    document = _document(out)
    last = (err.strip().splitlines() or [""])[-1].removeprefix("midnight: ")
    words = _IN_WORDS.get(exit_code, last or f"ended with {exit_code} and said nothing")
    if exit_code < 0:
        words = f"killed by signal {-exit_code}; `midnight undo` undoes what it may have left"
    if document is None:
        return Ended(exit_code, words)
    headline = document["headline"] if exit_code in (0, 1, 3) else f"{words} ({document['headline']})"
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
    """What people are told. `was_bad`: the last run that was played ended with a fail or an unknown."""
    if ended.exit_code == 0:
        return Event.RECOVERED if was_bad else Event.PASSED
    if ended.refused:
        return Event.MISSED
    return Event.FAIL if ended.exit_code in (1, NOT_UNDONE) else Event.UNKNOWN
