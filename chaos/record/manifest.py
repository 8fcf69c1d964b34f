"""`run.json` as a frozen value: saved before a run is played, read when it is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from chaos.record import renamed
from chaos.record.event import Detail
from chaos.record.fields import keys_of, read, stored, write
from chaos.record.newer import refuse_newer
from chaos.record.redact import known
from chaos.record.store import RunDir

VERSION = 2
"""Version of `run.json`; docs/journal.md defines when it rises. A file without one has version 1."""


@dataclass(frozen=True, slots=True)
class Host:
    """The machine of the run, as far as a verdict depends on it."""

    cpus: int | None = stored("count")
    cpu: str | None = stored("text: model")
    memory_bytes: int | None = stored("bytes")
    kernel: str | None = stored("version")
    name: str | None = stored("text")


@dataclass(frozen=True, slots=True)
class LedgerKeys:
    """Keys of the run's writes in the target: sequence number n has key `base` + n."""

    base: int = stored("count", 0)
    marker: str | None = stored("text")


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One planned step."""

    step: str = stored("text", "")
    fault: str = stored("text", "")
    at: float | None = stored("s")
    after: str | None = stored("text: another step")
    hold: float | None = stored("s")
    optional: bool = stored("true or false", default=False)
    params: Detail = stored("object, by fault", dict)
    written: Detail = stored("object: each parameter that is set, as text for a file", dict)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of an experiment that its target cannot play or show."""

    kind: str = stored("text: requests, step, slo or limit", "")
    name: str = stored("text: that of its finding", "")
    because: str = stored("text", "")
    remedy: str = stored("text: what to add to the target's file", "")

    @property
    def what(self) -> str:
        """`lost writes`, `outbound requests`, or the name of a step or an SLO."""
        what = self.name.replace("_", " ") if self.kind == "limit" else self.name
        return f"{what} requests" if self.kind == "requests" else what

    @property
    def shown(self) -> str:
        """`not exercised: lost writes, target 'mine' has no ledger`."""
        return f"not exercised: {self.what}, {self.because}"


@dataclass(frozen=True, slots=True)
class Cure:
    """A setting of the profile that the target's hardened profile has otherwise, each value with its file's reason."""

    setting: str = stored("text", "")
    value: str = stored("text", "")
    because: str = stored("text", "")
    cure: str = stored("text", "")
    why: str = stored("text", "")


@dataclass(frozen=True, slots=True)
class PlayedPart:
    """One ended scenario of a suite."""

    title: str = stored("text", "")
    run: str = stored("text: id of its run", "")
    path: str = stored("path", "")
    exit_code: int = stored("exit code", 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything needed to judge a run and to repeat it. A suite's has `parts`, and grows with each that ends."""

    id: str | None = stored("text")
    experiment: Detail = stored("object: the experiment, resolved", dict)
    experiment_file: str | None = stored("path")
    target: Detail = stored("object: the target, resolved", dict)
    options: Detail = stored("object, by driver", dict)
    started_by_us: bool = stored("true or false", default=True)
    profile: str | None = stored("text or null", null=True)
    profile_settings: Detail | None = stored("object, by driver")
    cures: tuple[Cure, ...] = stored("list of {setting, value, because, cure, why}", ())
    seed: int | None = stored("number or null", null=True)
    ledger: LedgerKeys = stored("object: {base, marker}", LedgerKeys())
    command: str = stored("text: what repeats the run", "")
    versions: Detail = stored("object: program, version", dict)
    git: str | None = stored("text or null", null=True)
    plan: tuple[Detail, ...] | None = stored(
        "list of {step, fault, at, after, hold, optional, params, written}"
    )
    left_out: tuple[Detail, ...] | None = stored("list of {kind, name, because, remedy}")
    abort: tuple[Detail, ...] | None = stored("list of conditions, as in an experiment")
    runbook: tuple[Detail, ...] | None = stored("list of {step, does, at, after, within, by, how, params}")
    drill: bool | None = stored("true, false or null", null=True)
    part_of: str | None = stored("text or null: id of a suite's run", null=True)
    parts: tuple[PlayedPart, ...] | None = stored("list of {title, run, path, exit_code}")
    started_by: str = stored("text", "")
    started: str = stored("UTC, ISO 8601", "")
    host: Host = stored("object: {cpus, cpu, memory_bytes, kernel, name}", Host())
    document: Detail = field(default_factory=dict, compare=False, repr=False)
    """For a manifest read from disk: the file as stored, including unknown keys."""

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Raises OSError, or ValueError if the file is not a JSON object or of a newer version."""
        document = json.loads(path.read_text())
        if not isinstance(document, dict):
            raise ValueError(f"{path}: not a JSON object")
        return cls.of(document)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Manifest:
        """Read the document of a `run.json`. Raises ValueError for a newer version."""
        refuse_newer("run.json", document.get("version", 1), VERSION)
        found = cls(document=document, **read(cls, document))
        return replace(found, experiment=renamed.experiment_as_named_today(found.experiment))

    def save(self, run: RunDir) -> None:
        """Write it atomically, with secrets masked."""
        document = known.redactor.record(self._written())
        unfinished = run.run_file.with_suffix(".part")
        unfinished.write_text(json.dumps(document, indent=1, default=str))
        unfinished.replace(run.run_file)

    def as_stored(self) -> Manifest:
        """Return it as after saving and loading."""
        return self.of(json.loads(json.dumps(self._written(), default=str)))

    def _written(self) -> dict[str, Any]:
        fields = {one.key for one in keys_of(Manifest)}
        unknown = {key: value for key, value in self.document.items() if key not in fields}
        return {**unknown, "version": VERSION, **write(self)}

    @property
    def title(self) -> str:
        """The experiment's name."""
        return str(self.experiment.get("title", ""))

    @property
    def target_name(self) -> str:
        return str(self.target.get("name", ""))

    @property
    def production(self) -> Detail | None:
        """Production as the target's owners state it; None without a statement."""
        return self.target.get("production")

    @property
    def assumed(self) -> Mapping[str, float] | None:
        """Seconds that the target's file assumes for parts of a drill that are not performed, by name."""
        return self.target.get("assumed")

    @property
    def reads_back(self) -> bool:
        """True when the acknowledged writes can be read back from the target."""
        if (
            "readback" in self.target or "routes" not in self.target
        ):  # of a time when a target had one read-back
            return self.target.get("readback", True) is not None
        return any(route.get("ledger") for route in self.target["routes"].values())

    @property
    def lacking(self) -> tuple[LeftOut, ...]:
        """The parts of the experiment that the target could not play or show."""
        return tuple(LeftOut(**read(LeftOut, each)) for each in self.left_out or ())

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """The plan's steps, in order."""
        return tuple(PlannedStep(**read(PlannedStep, each)) for each in self.plan or ())
