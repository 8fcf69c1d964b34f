"""From a recording to a target file and an experiment."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from chaos.errors import FileError, UsageError
from chaos.imports import access_log, adding, har, k6, names, openapi, replayed, writing
from chaos.imports.imported import Imported, ImportedRoute, counted, secrets_of
from chaos.imports.source import Source
from chaos.spec import experiment as spec_experiment
from chaos.spec import target as spec_target
from chaos.spec.userfile import write_text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Written:
    text: str  # of the target file
    imported: Imported
    added: Mapping[str, ImportedRoute]  # by name
    there: Mapping[str, ImportedRoute]  # routes that the file had already, by the name they have there

    @property
    def played(self) -> Mapping[str, ImportedRoute]:
        return {**self.there, **self.added}

    @property
    def off(self) -> list[str]:
        """Names of routes that are comments."""
        return [name for name, route in self.added.items() if route.off]


def from_har(file: str, base_url: str | None) -> Imported:
    return _read(Source(file), lambda source: har.read(source, _address(base_url)))


def from_openapi(file: str, base_url: str | None) -> Imported:
    return _read(Source(file), lambda source: openapi.read(source, _address(base_url)))


def from_k6(file: str, base_url: str | None) -> Imported:
    return _read(Source(file), lambda source: k6.read(source, _address(base_url)))


def from_access_log(files: Sequence[str], base_url: str | None, zone: ZoneInfo | None) -> Imported:
    sources = [Source(each) for each in files]
    return _read(sources[0], lambda _: access_log.read(sources, _address(base_url), zone))


def _read(source: Source, read: Callable[[Source], Imported]) -> Imported:
    """Raises FileError."""
    try:
        return read(source)
    except RecursionError:
        raise source.refused("is nested too deeply") from None


def target(imported: Imported, most: int, into: Path | None) -> Written:
    """The text of a target file: a new one, or `into` with the routes it lacks. Raises FileError."""
    kept = _cut(imported, most)
    if into is not None and into.exists():
        spec_target.load(into)  # its own mistakes are reported as such
        added = adding.to(into, kept)
        return _checked(_written(added.text, kept, added.named, added.there))
    named = names.of_routes(kept.routes)
    stem = names.of_text((into or Path(imported.file)).name.partition(".")[0], "target")
    return _checked(_written(writing.target(kept, stem, named), kept, named, {}))


def _written(
    text: str, kept: Imported, added: Mapping[str, ImportedRoute], there: Mapping[str, ImportedRoute]
) -> Written:
    used = secrets_of(kept, added.values())
    return Written(text, replace(kept, secrets=used), added, there)


def experiment(written: Written, path: Path) -> str:
    """The text of an experiment whose mix and rates are those of the recording. Raises UsageError."""
    if not writing.mix(written.played):
        raise UsageError(f"{path}: no route is left that may be loaded: see the comments of the target file")
    text = replayed.experiment(written.imported, names.of_text(path.stem, "load"), written.played)
    loaded(text, spec_experiment.load)
    return text


def write(path: Path, text: str) -> None:
    """Write the file atomically. Raises FileError."""
    try:
        write_text(path, text)
    except OSError as error:
        raise FileError(path, None, "", f"cannot be written: {error.strerror or error}") from None


def _cut(imported: Imported, most: int) -> Imported:
    """The most frequent routes; those that are off do not count."""
    if len(imported.routes) <= most:
        return imported
    most_frequent = sorted(imported.routes, key=lambda each: (bool(each.off), -each.weight))[:most]
    kept = set(map(id, most_frequent))  # comparing up to 20,000 routes by value is slow
    rest = [each for each in imported.routes if id(each) not in kept]
    share = sum(each.weight for each in rest) / sum(each.weight for each in imported.routes)
    note = (
        f"{counted(len(rest), 'rarer route')}, {share:.1%} of the requests: --routes sets how many are kept"
    )
    routes = tuple(each for each in imported.routes if id(each) in kept)
    return replace(imported, routes=routes, left_out=(*imported.left_out, note))


def _checked(written: Written) -> Written:
    """Raises FileError for a text that the loader of targets would refuse."""
    loaded(written.text, spec_target.load)
    return written


def loaded(text: str, load: Callable[[Path], T]) -> T:
    """What midnight reads in a text that it has written. Raises FileError."""
    with tempfile.TemporaryDirectory(prefix="midnight-written-") as directory:
        path = Path(directory) / "written.yaml"
        path.write_text(text, encoding="utf-8", newline="")
        return load(path)


def _address(base_url: str | None) -> str | None:
    """Raises UsageError."""
    if base_url is None:
        return None
    try:
        parts = urlsplit(base_url)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not sound or "@" in base_url or parts.query or parts.fragment:
        raise UsageError("--base-url must be http://HOST[:PORT][/PATH] or https://..., without a password")
    return base_url.rstrip("/")
