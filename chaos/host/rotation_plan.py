"""Predict what a rotation of these logs will do, by the team's own stanza or by one generated to match the directory.

Also a program for a sidecar. Specification: `files` (paths or patterns), `own` (a configuration of midnight's, or
null), `stanza` and `conf` (paths or null), `how` (of `logrotate_as_found.How`), `root` (to chroot to, or null),
`binary`, `env`. Report: the fields of `Planned` with `before`, an inventory of `log_identity`; or `refused`.
"""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaos.host import log_archives, log_identity, logrotate_as_found, logrotate_conf, logrotate_said
from chaos.host.logrotate_as_found import How, Unproven
from chaos.host.logrotate_ask import ask, without_new_directories
from chaos.host.logrotate_conf import ConfError, Part
from chaos.host.logrotate_said import Said

_REACH_OUT = frozenset(
    {"docker", "docker-compose", "podman", "nerdctl", "kubectl", "systemctl", "journalctl", "service"}
)
MOST_OF_THE_DISK = 0.5  # of the free space, for a copy and its compression


class CannotRotate(ValueError):
    """Why these logs are not rotated, before anything is touched."""

    stanza_helps = False  # True if the team's own stanza could do it


@dataclass(frozen=True, slots=True)
class Planned:
    """A rotation, ready to be played."""

    conf: str  # logrotate's configuration
    logs: list[str]  # the files themselves, links followed
    places: list[str]  # the directories in which their archives are
    also: list[str]  # other logs rotated by the same stanzas
    scripts: list[str]  # `FILE:LINE: KEYWORD`, and the script indented below it
    notes: list[str]  # what the stanza removes or overwrites by its own rules, and its mail addresses
    ends: list[str]  # the archives among those
    unreadable: list[str]  # archives about to be compressed in a format that only its own program reads


def answer(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The plan, and an inventory of the current state. Raises CannotRotate."""
    try:
        what = _planned(spec)
        before = log_identity.inventory(what.logs, what.places)
    except ConfError as error:
        raise CannotRotate(str(error)) from None
    except Unproven as error:
        unproven = CannotRotate(str(error))
        unproven.stanza_helps = True
        raise unproven from None
    except OSError as error:
        raise CannotRotate(f"{error.filename or 'the logs'}: {error.strerror}") from None
    return {**asdict(what), "before": {**before, "suffixes": _suffixes(what.conf)}}


def _planned(spec: Mapping[str, Any]) -> Planned:
    if spec["own"] is not None:
        there = [str(Path(path).resolve()) for path in spec["files"] if Path(path).exists()]
        return Planned(
            spec["own"], there, sorted({str(Path(path).parent) for path in there}), *([] for _ in range(5))
        )
    named = [path for pattern in spec["files"] for path in _found(pattern)]
    if shutil.which(spec["binary"], path=spec["env"]["PATH"]) is None:
        raise CannotRotate("logrotate is not installed there")
    if spec["stanza"] is not None:
        return _by_stanza(spec, named)
    how = How(**spec["how"])
    conf = logrotate_as_found.stanza(_live(named), how)
    origins = [f"the stanza that midnight wrote, line {n}" for n, _ in enumerate(conf.splitlines(), 1)]
    said = ask(conf, spec, origins)
    if lost := _ends(said):
        raise Unproven(f"logrotate {' '.join(lost[0])}")
    return _checked(conf, said, named, [], how.method == "copytruncate")


def _found(pattern: str) -> list[Path]:
    """The files that a name or a pattern matches, at least one. Raises CannotRotate, OSError."""
    path = Path(pattern)
    if not glob.has_magic(pattern) or path.exists():
        _look(path)
        return [path]
    base = next(parent for parent in path.parents if not glob.has_magic(str(parent)))
    list(base.iterdir())  # a pattern in an unreadable directory silently matches nothing
    files = logrotate_conf.matching(pattern)
    if not files:
        raise CannotRotate(f"{pattern} matches no file")
    for file in files:
        _look(file)
    return files


def _by_stanza(spec: Mapping[str, Any], named: Sequence[Path]) -> Planned:
    """The stanzas of the file or directory that cover the logs, with the global options that apply to them."""
    stanza = Path(spec["stanza"])
    own, files = logrotate_conf.read(stanza)
    if not own:
        raise CannotRotate(f"{stanza} contains no stanza")
    parts = list[Part]()
    if spec["conf"] is not None and str(Path(spec["conf"]).resolve()) not in files:
        parts, _ = logrotate_conf.read(Path(spec["conf"]), strict=False)
    known = {Path(part.file).resolve() for part in parts}
    parts += [part for part in own if Path(part.file).resolve() not in known]
    wanted = {_identity(path) for path in named}
    stanzas = [part for part in parts if str(Path(part.file).resolve()) in files and _covers(part, wanted)]
    if not stanzas:
        raise CannotRotate(f"no stanza of {stanza} rotates {named[0]}")
    if spec["root"] is not None:
        _refuse_tools_of_elsewhere(stanzas, spec["env"]["PATH"])
    conf, origins = logrotate_conf.joined([part for part in parts if not part.patterns or part in stanzas])
    said = ask(conf, spec, origins)
    if said.handled != len(stanzas):
        raise CannotRotate(_first(said.errors) or f"logrotate reads {stanza} differently from midnight")
    if said.ran_scripts and not any(part.scripts for part in stanzas):
        raise CannotRotate(f"{stanza} runs a script that midnight did not find in it")
    return _checked(conf, said, named, stanzas, any("copy" in part.text for part in stanzas))


def _checked(conf: str, said: Said, named: Sequence[Path], stanzas: Sequence[Part], copies: bool) -> Planned:
    """Raises CannotRotate, in logrotate's own words, unless all of the logs will be rotated."""
    considered = {_identity(Path(path)): log for path, log in said.logs.items() if Path(path).exists()}
    logs, size = dict[str, None](), 0
    for path in named:
        log = considered.get(_identity(path))
        if log is None:
            raise CannotRotate(_first(said.errors) or f"logrotate does not consider {path}")
        if not log.rotated and log.reason != logrotate_said.EMPTY:
            why = log.reason or _first(said.errors) or "no reason given"
            raise CannotRotate(f"logrotate skips {log.path}: {why}")
        logs[str(path.resolve())] = None
        size += path.stat().st_size
    _refuse_a_full_disk(named[0].parent, size, copies)
    places = {str(Path(path).parent) for path in logs} | set(without_new_directories(conf, list(logs))[1])
    for log in said.logs.values():
        places |= {str(Path(new).parent) for new in (log.renamed_to, log.copied_to) if new}
    return Planned(
        conf=conf,
        logs=list(logs),
        places=sorted(places),
        also=[
            path for path, log in said.logs.items() if log.rotated and str(Path(path).resolve()) not in logs
        ],
        scripts=[_shown(part, script) for part in stanzas for script in part.scripts],
        notes=[
            *(f"{how} {path}, by its own rules" for how, path in _ends(said)),
            *(f"mails what it removes to {address}" for address in said.mailed_to),
        ],
        ends=[path for _, path in _ends(said)],
        unreadable=_unreadable(conf, said),
    )


def _refuse_tools_of_elsewhere(stanzas: Sequence[Part], path: str) -> None:
    """Raises CannotRotate for a script that calls tools missing in the container, to reach out of it."""
    for script in (script for part in stanzas for script in part.scripts):
        for tool in _REACH_OUT & set(re.findall(r"[\w.-]+", script.body)):
            if shutil.which(tool, path=path) is None:
                raise CannotRotate(f"a script of the stanza calls {tool}, which is not in the container")


def _ends(said: Said) -> list[tuple[str, str]]:
    """Archives lost in this rotation, and how: removed, or overwritten by another one."""
    found = []
    for log in said.logs.values():
        moved = {old for old, _ in log.moves} | {log.path}
        acts = [*log.moves, *([] if log.compressed_first else [(log.path, log.renamed_to or log.copied_to)])]
        found += [("removes", path) for path in log.removed if Path(path).exists()]
        found += [("overwrites", new) for old, new in acts if _overwrites(old, new) and new not in moved]
    return found


def _overwrites(old: str, new: str) -> bool:
    return bool(new) and Path(old).exists() and Path(new).exists()


def _refuse_a_full_disk(directory: Path, size: int, copies: bool) -> None:
    there = os.statvfs(directory)
    free, wanted = there.f_bavail * there.f_frsize, size * (2 if copies else 1)
    if wanted > free * MOST_OF_THE_DISK:
        raise CannotRotate(
            f"rotating {size} bytes may take {wanted}, more than half of the {free} free in {directory}"
        )


def _live(named: Sequence[Path]) -> list[Path]:
    """Raises CannotRotate for anything but a live log."""
    for path in named:
        if path.is_symlink():
            real = path.resolve()
            raise CannotRotate(
                f"{path} is a symbolic link, which logrotate never rotates: name {real} itself"
            )
        for other in named:
            if (
                path != other
                and path.parent == other.parent
                and log_archives.parse(path, other.name) is not None
            ):
                raise CannotRotate(f"{path} is an archive of {other}: name only the live logs")
    return list(named)


def _look(path: Path) -> None:
    """Raises OSError; CannotRotate for anything that cannot be rotated."""
    path.stat()
    if not path.is_file():
        raise CannotRotate(f"{path} (which is {path.resolve()}) is not a regular file")


def _identity(path: Path) -> tuple[int, int]:
    there = path.stat()
    return there.st_dev, there.st_ino


def _covers(part: Part, wanted: set[tuple[int, int]]) -> bool:
    return any(path.exists() and _identity(path) in wanted for path in part.paths())


def _shown(part: Part, script: logrotate_conf.Script) -> str:
    body = [f"    {line.strip()}" for line in script.body.splitlines() if line.strip()]
    return "\n".join([f"{part.file}:{script.line}: {script.keyword}", *body])


def _first(errors: Sequence[str]) -> str:
    return errors[0] if errors else ""


def _unreadable(conf: str, said: Said) -> list[str]:
    """Archives that `delaycompress` compresses in a format unknown to Python's standard library."""
    if not {".zst", ".lz4"} & set(_suffixes(conf)):
        return []
    return [log.renamed_to or log.copied_to for log in said.logs.values() if log.compressed_first]


def _suffixes(conf: str) -> list[str]:
    """The suffixes of a configuration's compressors."""
    told = [line.replace("=", " ").split() for line in conf.splitlines()]
    return sorted({".gz", *(words[1] for words in told if words[:1] == ["compressext"] and len(words) > 1)})


def main() -> None:
    spec = json.loads(sys.stdin.readline())
    if spec["root"] is not None:
        os.chroot(spec["root"])
        os.chdir("/")
    try:
        print(json.dumps(answer(spec)), flush=True)
    except CannotRotate as refused:
        print(json.dumps({"refused": str(refused), "stanza_helps": refused.stanza_helps}), flush=True)


if __name__ == "__main__":
    main()
