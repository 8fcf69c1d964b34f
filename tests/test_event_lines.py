"""What a person reads of an event, on the terminal and on the morning page."""

from __future__ import annotations

import pytest

from chaos.console.sentences import sentence
from chaos.record.event import Event, Recorded, only_name
from chaos.record.events import KINDS


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            Event(1, "run", "machine", "looked", {"busy": 0.15}),
            "other programs use 15 % of the machine just now",
        ),
        (Event(0, "run", "baseline", "begun"), "baseline started"),
        (
            Event(0, "run", "baseline", "ended", {"steady": False, "because": "p99 3 s"}),
            "no steady state: p99 3 s",
        ),
        (
            Event(0, "run", "run", "ended", {"reason": "aborted", "because": "SIGINT"}),
            "run ended: aborted: SIGINT",
        ),
        (Event(0, "step", "batch", "injecting", {"fault": "batch_job"}), "step batch: injecting batch_job"),
        (Event(0, "step", "batch", "skipped", {"because": "no job"}), "step batch: skipped: no job"),
        (Event(0, "step", "batch", "held", {}), "step batch: held; no dose recorded"),
        (
            Event(0, "runbook", "detect", "ended", {"seconds": 14.15, "evidence": {}}),
            "runbook step detect: done",
        ),
        (Event(0, "abort", "cpu", "fired", {"because": "over 95 %"}), "abort condition cpu fired: over 95 %"),
        (Event(0, "target", "reference", "failed"), "target reference failed"),
        (Event(0, "target", "volume data", "creating", {"by": "x", "undo": {}}), "creating volume data"),
        (Event(0, "target", "disk", "undo failed", {"because": "busy"}), "could not remove disk: busy"),
        (Event(0, "restore", "copy", "ended", {"seconds": 3.0}), "copied the files"),
        (Event(0, "round", "before the play", "quiet"), "counted what the target holds: before the play"),
    ],
)
def test_an_event_is_one_sentence(event: Event, said: str) -> None:
    assert sentence(event) == said


@pytest.mark.parametrize(
    "kind", [each for each in KINDS if each.source != "step"], ids=lambda kind: kind.__name__
)
def test_no_kind_of_event_is_shown_as_it_is_written_in_the_journal(kind: type[Recorded]) -> None:
    event = Event(0, kind.source, only_name(kind) or "checkout", kind.phase)
    assert sentence(event) != f"{event.source} {event.name} {event.phase}"


@pytest.mark.parametrize(
    ("dose", "floor", "said"),
    [
        (
            {"idle_sessions_closed": 12},
            {"idle_sessions_closed": 5},
            "12 idle sessions closed (at least 5 needed)",
        ),
        ({"completed": 1.0, "cpu_seconds": 20.4}, {}, "the job completed, 20.4 s of CPU time"),
        ({"waits": "many"}, {}, "waits many"),
    ],
)
def test_a_step_that_ended_says_what_it_did_in_the_words_of_the_report(
    dose: dict[str, object], floor: dict[str, float], said: str
) -> None:
    event = Event(9.0, "step", "drop", "held", {"dose": dose, "floor": floor})
    assert sentence(event) == f"step drop: held; {said}"
