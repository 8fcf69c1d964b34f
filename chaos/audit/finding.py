"""What an audit came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.audit.rule import Severity
from chaos.errors import ExitCode, FileError


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule at one line. `suppressed`: the reason given in the file, if it was."""

    rule: str
    severity: Severity
    path: Path
    line: int
    item: str
    because: str
    why: str
    fix: str
    suppressed: str | None = None

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Audit:
    """All findings, in order of file and line; what could not be read; how much was."""

    findings: Sequence[Finding]
    unread: Sequence[FileError]
    files: int
    items: int

    @property
    def standing(self) -> list[Finding]:
        """The findings that no suppression covers."""
        return [each for each in self.findings if each.suppressed is None]

    @property
    def suppressed(self) -> list[Finding]:
        return [each for each in self.findings if each.suppressed is not None]

    def deciding(self, fail_on: Severity) -> list[Finding]:
        """The findings at or above a severity."""
        return [each for each in self.standing if each.severity.rank <= fail_on.rank]

    def exit_code(self, fail_on: Severity) -> ExitCode:
        if self.unread:
            return ExitCode.USAGE
        return ExitCode.VIOLATED if self.deciding(fail_on) else ExitCode.PASS
