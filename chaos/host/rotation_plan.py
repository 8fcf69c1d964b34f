"""What a rotation of these logs will do, found out before it: by the team's own stanza, or as the directory has it.

A program for a sidecar, too. Specification: `files` (paths, patterns among them), `stanza` and `conf` (paths or null),
`how` (of `logrotate_as_found.How`), `root` (a directory to change the root to, or null), `binary`, `env`. Report: what
`Planned` says, or `refused`.
"""

from __future__ import annotations

import glob
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from chaos.host import logrotate_as_found, logrotate_conf, logrotate_said
from chaos.host.logrotate_as_found import How, Unproven
from chaos.host.logrotate_conf import ConfError, Part
from chaos.host.logrotate_said import Said

ANSWERS_WITHIN = 30.0  # seconds: it only reads
NO_STATE = "/dev/null"  # enough for `--debug`, which neither locks nor writes one
MOST_OF_THE_DISK = 0.5  # of what is free, that a copy and its compression may take


class CannotRotate(ValueError):
    """Why these logs are not rotated: known before anything is touched."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A rotation, ready to be played."""

    conf: str  # what logrotate is given
    logs: list[str]  # the files themselves, links followed
    places: list[str]  # the directories in which their archives are
    also: list[str]  # what the same stanzas rotate beside them
    scripts: list[str]  # `FILE:LINE: KEYWORD`, and the script indented below it
    notes: list[str]  # what the stanza removes or overwrites by its own rules


def planned(spec: Mapping[str, Any]) -> Planned:
    """Raises CannotRotate."""
    try:
        named = [path for pattern in spec["files"] for path in found(pattern)]
        if spec["stanza"] is not None:
            return _by_stanza(spec, named)
        how = How(**spec["how"])
        conf = logrotate_as_found.stanza(_each_a_file(named), how)
        origins = [f"the stanza that midnight wrote, line {n}" for n, _ in enumerate(conf.splitlines(), 1)]
        said = ask(conf, spec, origins)
        return _checked(conf, said, named, [], how.method == "copytruncate")
    except (ConfError, Unproven) as error:
        raise CannotRotate(str(error)) from None
    except OSError as error:
        raise CannotRotate(f"{error.filename or 'the logs'}: {error.strerror}") from None


def found(pattern: str) -> list[str]:
    """The files that a name or a pattern stands for, one at least. Raises CannotRotate."""
    if not glob.has_magic(pattern) or os.path.lexists(pattern):
        _look(Path(pattern))
        return [pattern]
    base = next(parent for parent in Path(pattern).parents if not glob.has_magic(str(parent)))
    os.listdir(base)  # a pattern in a directory that cannot be read matches nothing, and does not say why
    files = sorted(path for path in glob.glob(pattern) if os.path.islink(path) or os.path.isfile(path))
    if not files:
        raise CannotRotate(f"{pattern} matches no file")
    for file in files:
        _look(Path(file))
    return files


def ask(conf: str, spec: Mapping[str, Any], origins: Sequence[str] = ()) -> Said:
    """What logrotate would do with this configuration. Raises CannotRotate."""
    with given(_without_new_directories(conf, spec["files"])[0]) as file:
        argv = [spec["binary"], "--debug", "--force", "--state", NO_STATE, f"/proc/self/fd/{file.fileno()}"]
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=spec["env"],
                pass_fds=[file.fileno()],
                timeout=ANSWERS_WITHIN,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise CannotRotate(f"logrotate --debug did not end within {ANSWERS_WITHIN:g} s") from None
    return logrotate_said.parse(done.stdout.decode(errors="replace"), origins)


def given(conf: str) -> BinaryIO:
    """The configuration as an open file without a name: nobody else can have changed it."""
    file = os.fdopen(os.memfd_create("logrotate.conf"), "wb")
    os.fchmod(file.fileno(), 0o600)
    file.write(conf.encode(errors="surrogateescape"))
    file.flush()
    return file


def _by_stanza(spec: Mapping[str, Any], named: Sequence[str]) -> Planned:
    """The stanzas of the file or directory that cover the logs, with the global options that hold for them."""
    stanza = Path(spec["stanza"])
    own, files = logrotate_conf.read(stanza)
    if not own:
        raise CannotRotate(f"{stanza} holds no stanza")
    parts = list[Part]()
    if spec["conf"] is not None and os.path.realpath(spec["conf"]) not in files:
        parts, _ = logrotate_conf.read(Path(spec["conf"]), strict=False)
    known = {os.path.realpath(part.file) for part in parts}
    parts += [part for part in own if os.path.realpath(part.file) not in known]
    wanted = {_identity(path): path for path in named}
    kept = [part for part in parts if not part.patterns or (_from(part, files) and _covers(part, wanted))]
    stanzas = [part for part in kept if part.patterns]
    if not stanzas:
        raise CannotRotate(f"no stanza of {stanza} rotates {named[0]}")
    conf, origins = logrotate_conf.joined(kept)
    said = ask(conf, spec, origins)
    if said.handled != len(stanzas):
        raise CannotRotate(_first(said.errors) or f"logrotate reads {stanza} in another way than midnight does")
    if said.ran_scripts and not any(part.scripts for part in stanzas):
        raise CannotRotate(f"{stanza} runs a script that midnight did not find in it")
    copies = any("copy" in part.text for part in stanzas)
    return _checked(conf, said, named, stanzas, copies)


def _checked(conf: str, said: Said, named: Sequence[str], stanzas: Sequence[Part], copies: bool) -> Planned:
    """Raises CannotRotate, in logrotate's own words, unless each of the logs will be rotated."""
    by_identity = {_identity(path): log for path, log in said.logs.items() if os.path.lexists(path)}
    logs, size = [], 0
    for path in named:
        log = by_identity.get(_identity(path))
        if log is None:
            raise CannotRotate(_first(said.errors) or f"logrotate does not consider {path}")
        if not log.rotated and log.reason != logrotate_said.EMPTY:
            raise CannotRotate(f"logrotate skips {log.path}: {log.reason or _first(said.errors) or 'it does not say why'}")
        logs.append(os.path.realpath(path))
        size += os.stat(path).st_size
    _refuse_a_full_disk(Path(logs[0]).parent, size, copies)
    places = {str(Path(path).parent) for path in logs} | set(_without_new_directories(conf, named)[1])
    for log in said.logs.values():
        places |= {str(Path(new).parent) for new in (log.renamed_to, log.copied_to) if new}
    return Planned(
        conf=conf,
        logs=list(dict.fromkeys(logs)),
        places=sorted(places),
        also=[path for path, log in said.logs.items() if log.rotated and os.path.realpath(path) not in logs],
        scripts=[_shown(part, script) for part in stanzas for script in part.scripts],
        notes=_notes(said),
    )


def _notes(said: Said) -> list[str]:
    """Archives that end with this rotation: removed, or overwritten by another one."""
    notes = []
    for log in said.logs.values():
        moved = {old for old, _ in log.moves} | {log.path}
        acts = [*log.moves, (log.path, log.renamed_to or log.copied_to)]
        notes += [f"removes {path}" for path in log.removed if os.path.exists(path)]
        notes += [f"overwrites {new}" for old, new in acts if _is_lost(old, new, moved)]
    return notes


def _is_lost(old: str, new: str, moved: set[str]) -> bool:
    return bool(new) and os.path.exists(old) and os.path.exists(new) and new not in moved


def _refuse_a_full_disk(directory: Path, size: int, copies: bool) -> None:
    there = os.statvfs(directory)
    free, wanted = there.f_bavail * there.f_frsize, size * (2 if copies else 1)
    if wanted > free * MOST_OF_THE_DISK:
        raise CannotRotate(
            f"rotating {size} bytes may take {wanted}, more than half of the {free} that are free in {directory}"
        )


def _each_a_file(named: Sequence[str]) -> list[Path]:
    for path in named:
        if os.path.islink(path):
            real = os.path.realpath(path)
            raise CannotRotate(f"{path} is a symbolic link, which logrotate never rotates: name {real} itself")
        if (archived := next((each for each in named if _is_archive_of(path, each)), None)) is not None:
            raise CannotRotate(f"{path} is an archive of {archived}: name the live logs alone")
    return [Path(path) for path in named]


def _is_archive_of(path: str, log: str) -> bool:
    from chaos.host.log_archives import parse

    return path != log and Path(path).parent == Path(log).parent and parse(Path(path), Path(log).name) is not None


def _look(path: Path) -> None:
    """Raises OSError, CannotRotate for what is no file that could be rotated."""
    path.stat()
    if not path.is_file():
        raise CannotRotate(f"{path} (which is {os.path.realpath(path)}) is no regular file")


def _identity(path: str) -> tuple[int, int]:
    there = os.stat(path)
    return there.st_dev, there.st_ino


def _from(part: Part, files: Sequence[str]) -> bool:
    return os.path.realpath(part.file) in files


def _covers(part: Part, wanted: Mapping[tuple[int, int], str]) -> bool:
    return any(os.path.exists(path) and _identity(path) in wanted for path in part.paths())


def _without_new_directories(conf: str, files: Sequence[str]) -> tuple[str, list[str]]:
    """Without `createolddir`, which even `--debug` carries out, and each `olddir` that is not there yet; and those."""
    lines, missing = conf.splitlines(), list[str]()
    creates = any(line.split()[:1] == ["createolddir"] for line in lines)
    for n, line in enumerate(lines):
        words = line.replace("=", " ").split(maxsplit=1)
        if creates and words[:1] == ["olddir"] and len(words) == 2:
            places = {os.path.join(os.path.dirname(file), words[1].strip()) for file in files}
            if absent := [place for place in places if not os.path.isdir(place)]:
                missing += absent
                lines[n] = ""
        elif words[:1] == ["createolddir"]:
            lines[n] = ""
    return "\n".join([*lines, ""]), missing


def _shown(part: Part, script: logrotate_conf.Script) -> str:
    body = "\n".join(f"    {line.strip()}" for line in script.body.splitlines() if line.strip())
    return f"{part.file}:{script.line}: {script.keyword}\n{body}"


def _first(errors: Sequence[str]) -> str:
    return errors[0] if errors else ""


def main() -> None:
    spec = json.loads(sys.stdin.readline())
    if spec["root"] is not None:
        os.chroot(spec["root"])
        os.chdir("/")
    try:
        print(json.dumps(asdict(planned(spec))), flush=True)
    except CannotRotate as refused:
        print(json.dumps({"refused": str(refused)}), flush=True)


if __name__ == "__main__":
    main()
