"""What the tests of this room read logs with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from chaos.log_errors.groups import Group, fingerprint
from chaos.log_errors.reading import Errors, Reader

SAMPLES = Path(__file__).parent / "samples"

Fingerprint = tuple[str, str, str]


def sample(name: str) -> str:
    """A stack as the language itself has printed it."""
    return (SAMPLES / f"{name}.txt").read_text()


def errors_in(text: str | bytes | Iterable[bytes]) -> Errors:
    """The errors in a log that holds this."""
    reader = Reader()
    content = text.encode() if isinstance(text, str) else text
    reader.read([content] if isinstance(content, bytes) else content)
    return reader.errors()


def groups_in(text: str | bytes) -> list[Group]:
    return list(errors_in(text).groups)


def prints(text: str | bytes) -> dict[Fingerprint, int]:
    """The fingerprints in a log, and how often each is there."""
    return {fingerprint(group.stack): group.count for group in groups_in(text)}


def only(text: str | bytes) -> Group:
    """The one group of errors in a log."""
    (group,) = groups_in(text)
    return group
