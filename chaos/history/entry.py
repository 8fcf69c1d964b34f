"""One run in the history, read from its `run.json` and `verdict.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from chaos.checks.figures import recalled
from chaos.errors import FileError
from chaos.history.alike import machine_of, midnight_of, play_of
from chaos.history.decision import COUNTING, Decision, of_document
from chaos.record.fields import misread
from chaos.record.manifest import Manifest
from chaos.record.store import RunDir
from chaos.spec.userfile import read_json

T = TypeVar("T")
Document = dict[str, Any]
Figures = Mapping[str, float | None]


class Unreadable(ValueError):
    """A run's files cannot be parsed: the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One run in the history. `verdict` and all derived from it are None until there is one."""

    run: str
    path: Path
    experiment: str
    target: str
    profile: str | None
    seed: int | None
    git: str | None
    started: str  # UTC, ISO 8601 to the second
    drill: bool
    verdict: str | None  # pass, fail, unknown
    exit_code: int | None
    headline: str
    links: int | None  # steps required to prove an effect
    links_exercised: int | None
    figures: Figures
    part: bool = False  # belongs to a suite, whose own run counts
    play: str | None = None  # a digest of what was played
    machine: str | None = None  # the kind of machine
    midnight: str | None = None  # its version
    decision: Decision | None = None  # by its gate, or by a person
    lower_bounds: tuple[str, ...] = ()  # names of the figures that may be larger

    @property
    def partial(self) -> bool:
        """True if a step proved no effect."""
        return (self.links_exercised or 0) < (self.links or 0)

    @property
    def counts(self) -> bool:
        """True if later runs may be compared with it: it passed its gate, or a person released it."""
        return self.decision is not None and self.decision.state in COUNTING

    @property
    def group(self) -> tuple[str, str, str | None]:
        """Runs of one group are comparable."""
        return self.experiment, self.target, self.profile


def read_entry(run: RunDir) -> Entry:
    """Read a stored run's entry. Raises Unreadable, or FileNotFoundError without run.json."""
    document = _read(run.run_file)
    decided = _read(run.decision) if run.decision.is_file() else None
    verdict = _read(run.verdict) if run.verdict.is_file() else {}
    try:
        manifest = Manifest.of(document)
        if foreign := misread(Manifest, document):
            raise TypeError(f"run.json: {', '.join(foreign)}: wrong type")
        exercised, links = links_of(verdict) if verdict else (None, None)
        return Entry(
            run=run.id,
            path=run.path,
            experiment=_text(manifest.experiment.get("name")),
            target=_text(manifest.target.get("name")),
            profile=_if_given(_text, manifest.profile),
            seed=_if_given(_whole, manifest.seed),
            git=_if_given(_text, manifest.git),
            started=as_utc(manifest.started),
            drill=is_drill(manifest),
            verdict=_if_given(_text, verdict.get("verdict")),
            exit_code=_if_given(_code, verdict.get("exit_code")),
            headline=_text(verdict.get("headline", "")),
            links=links,
            links_exercised=exercised,
            figures=recalled(verdict),
            part=manifest.part_of is not None,
            play=play_of(manifest),
            machine=_if_given(_text, machine_of(manifest.host)),
            midnight=_if_given(_text, midnight_of(manifest)),
            decision=_if_given(of_document, decided),
            lower_bounds=tuple(map(_text, verdict.get("lower_bounds", ()))),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unreadable(f"{run.path}: {type(error).__name__}: {error}") from error


def is_drill(manifest: Manifest) -> bool:
    """`drill: true` or `false` in run.json decides; without it, a name like `dr-drill`."""
    if manifest.drill is not None:
        return manifest.drill
    return str(manifest.experiment.get("name")).startswith(("dr-", "dr_"))


def links_of(verdict: Document) -> tuple[int, int]:
    """Return how many steps proved their effect, and how many were required to."""
    from chaos.checks import effect  # slow: imports the journal, and only a run new to the index is read

    effects = [each["outcome"] for each in verdict.get("findings") or () if each["check"] == effect.NAME]
    return effects.count("pass"), len(effects)


def as_utc(text: str) -> str:
    """Normalize an instant so that instants compare as text. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def _if_given(read: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else read(value)


def _text(value: Any) -> str:
    """Return text that every database accepts."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    value.encode()
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not an integer")
    return value


def _code(value: Any) -> int:
    code = _whole(value)
    if not 0 <= code <= 255:
        raise ValueError(f"{code} is not an exit code")
    return code


def _read(path: Path) -> Document:
    try:
        return read_json(path)
    except FileError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise error.__cause__ from None
        raise Unreadable(str(error)) from error
