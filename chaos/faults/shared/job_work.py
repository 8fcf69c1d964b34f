"""The work that a step asks of a job: values for its command line, and load of midnight's own beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from pydantic import Field

from chaos.plugin.handles import Job
from chaos.spec.units import InItsName, Positive
from chaos.spec.yamlfile import Model, Name

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, InItsName, Field(ge=0)]
ValueName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
_OF_THE_JOB = (
    "is a value of the job's own now: write values: {{{0}: N}}, and {{{0}}} in its argv in the target file"
)


class JobWork(Model):
    """Parameters of every fault that starts a job. A job that takes `burners`, `cpu_seconds` or `memory_mb` as values
    does that work itself; for any other, midnight does it beside the job, where the job runs."""

    foreign: ClassVar[Mapping[str, str]] = {
        name: _OF_THE_JOB.format(name) for name in ("rows", "queries", "updates")
    }

    job: Name = "nightly"
    values: dict[ValueName, int | float | str] = Field(default_factory=dict)
    burners: Annotated[int, Field(ge=0, le=64)] | None = None
    cpu_seconds: Seconds | None = None  # of CPU time, over all burners
    memory_mb: Count | None = None
    deadline: Positive = 180.0  # the job is ended then

    def given(self) -> dict[str, str]:
        """What the step says, by name."""
        ours = {"burners": self.burners, "cpu_seconds": self.cpu_seconds, "memory_mb": self.memory_mb}
        said = {**self.values, **{name: value for name, value in ours.items() if value is not None}}
        return {name: _shown(value) for name, value in {**said, "deadline": self.deadline}.items()}


@dataclass(frozen=True, slots=True)
class Load:
    """What midnight does beside a job. `cpu_seconds`: None if it burns until the step ends."""

    burners: int = 0
    cpu_seconds: float | None = None
    memory: int = 0  # bytes

    def __bool__(self) -> bool:
        return bool(self.burners or self.memory)


def filled(job: Job, work: JobWork) -> Job:
    """The job with its values filled in: the step's, else its defaults. Without values, it stays as it is."""
    given = work.given()
    values = {name: given.get(name, default) for name, default in job.values.items()}
    expect = job.expect
    return replace(
        job,
        argv=tuple(_fill(text, values) for text in job.argv),
        env={name: _fill(text, values) for name, text in job.env.items()} if values else job.env,
        expect=replace(
            expect,
            contains=tuple(_fill(text, values) for text in expect.contains),
            lacks=tuple(_fill(text, values) for text in expect.lacks),
            matches=None
            if expect.matches is None
            else _fill(expect.matches, {name: re.escape(value) for name, value in values.items()}),
        ),
    )


def left_out(job: Job, work: JobWork) -> list[str]:
    """Values of the step that the job does not take."""
    return [name for name in work.values if name not in job.values]


def beside(job: Job, work: JobWork) -> Load:
    """What is left to midnight: the work that the job does not take."""
    burners = 0 if "burners" in job.values else work.burners or 0
    seconds = None if "cpu_seconds" in job.values else work.cpu_seconds
    memory = 0 if "memory_mb" in job.values else work.memory_mb or 0
    if seconds == 0 or ("cpu_seconds" in job.values and not burners):
        burners = 0
    elif seconds and not burners and "burners" not in job.values:
        burners = 1
    return Load(burners, seconds, memory * 1_000_000)


def _fill(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _shown(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
