"""A job of the target as its file describes it: any command, and by what its work is known to be done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from chaos.access.secrets import SecretReader
from chaos.plugin.handles import ContainerRef, Job, JobExpects
from chaos.spec.broken import BrokenRule
from chaos.spec.near import nearest
from chaos.spec.secret import Secret
from chaos.spec.yamlfile import Model
from chaos.targets.patterns import Regex

_NAMED = re.compile(r"(?<![$\\{])\{([a-z][a-z0-9_]*)\}(?!\})")


def _as_output(value: object) -> object:
    return {"matches": value} if isinstance(value, str) else value


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


ValueName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Value = int | float | str
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more)]
Codes = Annotated[
    tuple[Annotated[int, Field(ge=0, le=255)], ...], BeforeValidator(_one_or_more), Field(min_length=1)
]


class OutputAt(Model):
    """What a job prints when it has done its work. A single regular expression is short for `matches`."""

    contains: Texts = ()  # each in some line
    lacks: Texts = ()  # in no line
    matches: Regex | None = None  # some line


class ExpectAt(Model):
    """By what a job is known to have done its work."""

    exit: Codes = (0,)
    output: Annotated[OutputAt, BeforeValidator(_as_output)] = OutputAt()


class JobOptions(Model):
    """A command, started as it is. Only `values`, if there are any, are filled in: elsewhere braces stay braces."""

    foreign: ClassVar[Mapping[str, str]] = {
        "reports": "no longer exists: any job is started as it is; write its own options into `argv`, with "
        "{rows} and other names of `values` where a step gives them",
        "command": "is called argv",
    }

    argv: tuple[Text, ...] = Field(min_length=1)
    env: dict[str, str | Secret] = Field(default_factory=dict)  # added to the environment there
    user: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    values: dict[ValueName, Value] = Field(default_factory=dict)  # names in braces, each with its default
    expect: ExpectAt = ExpectAt()

    def broken_rules(self) -> Iterator[BrokenRule]:
        if not self.values:
            return
        texts = [*self.argv, *(each for each in self.env.values() if isinstance(each, str))]
        output = self.expect.output
        texts += [*output.contains, *output.lacks, output.matches or ""]
        for name in self.values:
            if not any(f"{{{name}}}" in text for text in texts):
                yield BrokenRule(f"is in no argument, as {{{name}}}", "values", name)
        for found in sorted({name for text in texts for name in _NAMED.findall(text)} - set(self.values)):
            if close := nearest(found, self.values):
                yield BrokenRule(f"{{{found}}} is not one of its values; did you mean {{{close}}}?", "argv")

    def expects(self) -> JobExpects:
        output = self.expect.output
        return JobExpects(self.expect.exit, output.contains, output.lacks, output.matches)

    def added(self, where: str, secret: SecretReader) -> dict[str, str]:
        """The variables that it adds to the environment. Raises UsageError."""
        return {name: secret.whole(value, f"{where}: env: {name}") for name, value in self.env.items()}

    def job(self, env: Mapping[str, str], cwd: Path | None, container: ContainerRef | None = None) -> Job:
        """The handle. `env`: its environment, whole on this machine; in a container, what is added."""
        values = {name: str(value) for name, value in self.values.items()}
        return Job(self.argv, env, cwd, container, self.user, self.expects(), values)


class JobHere(JobOptions):
    """A job on this machine."""

    cwd: Path = Path()


class JobInside(JobOptions):
    """A job of a Compose project, started in a container of one of its services."""

    service: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
    cwd: PurePosixPath | None = None
