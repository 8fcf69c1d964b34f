"""Probe whether a job of the target could be started: look up its command and directory, run nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from chaos.engine import files
from chaos.errors import UsageError
from chaos.faults.shared import containers, foreseen
from chaos.host import privileges
from chaos.plugin.handles import ContainerRef, Job
from chaos.plugin.probe import Probe, no, unknown, until_no, yes

if TYPE_CHECKING:
    from docker.models.containers import Container

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # the engine's default if the image sets none
_CORRECT = "correct the command in the target file or install it"
_MAKE_EXECUTABLE = "chmod +x {}"
_USER = "run midnight as root, or leave `user` out of the target file"
_DIRECTORY = "correct `cwd` in the target file"


def probes(job: Job, called: str) -> Iterator[Probe]:
    yield from _here(job, called) if job.container is None else _inside(job, called, job.container)


def values(called: str, left_out: Sequence[str]) -> Iterator[Probe]:
    """Name the step's values that the job does not take."""
    if left_out:
        taken = "it takes none of that name: add them to its `values` and its argv, if it knows them"
        yield unknown(f"the {called} job gets {', '.join(left_out)}", taken)


@until_no
def _here(job: Job, called: str) -> Iterator[Probe]:
    if job.user is not None:
        what = f"the {called} job can start as {job.user}"
        try:
            privileges.user_named(job.user)
        except UsageError as error:
            yield no(what, str(error), _USER)
        else:
            yield yes(what)
    if job.cwd is not None:
        what = f"the {called} job can start in {job.cwd}"
        if os.access(job.cwd, os.X_OK):
            yield yes(what)
        else:
            because = "permission denied for this user" if job.cwd.exists() else "directory not found"
            yield no(what, because, _DIRECTORY)
    name = job.argv[0]
    what, place = f"the {called} job {name} can be started", Path(name)
    if "/" in name:
        place = (job.cwd or Path()) / name
        found = str(place) if os.access(place, os.X_OK) and place.is_file() else None
    else:
        found = shutil.which(name, path=job.env.get("PATH", os.defpath))
    if found is not None:
        yield yes(what, found)
    elif "/" in name and place.is_file():
        yield no(what, "it is not executable", _MAKE_EXECUTABLE.format(place))
    else:
        yield no(what, "command not found", _CORRECT)


@until_no
def _inside(job: Job, called: str, container: ContainerRef) -> Iterator[Probe]:
    with containers.acting(container, "batch_job") as found:
        yield foreseen.runs(found)
        config = found.attrs["Config"]
        begins = PurePosixPath(str(job.cwd or config.get("WorkingDir") or "/"))
        facts = files.stat(found, str(begins))
        what = f"the {called} job can start in {begins} of {container.name}"
        there = (facts is not None and facts.directory) or _hidden(found, begins)
        yield yes(what) if there else no(what, "directory not found", _DIRECTORY)
        yield _command(found, called, job.argv[0], _candidates(job, config, begins))


def _candidates(job: Job, config: Mapping[str, object], begins: PurePosixPath) -> list[PurePosixPath]:
    """Candidate paths of its command, in the engine's search order."""
    name, given = job.argv[0], config.get("Env")
    if "/" in name:
        return [begins / name]
    lines: Sequence[str] = given if isinstance(given, list) else ()
    environment = dict(line.partition("=")[::2] for line in lines) | dict(job.env)
    return [PurePosixPath(each) / name for each in environment.get("PATH", _PATH).split(":") if each]


def _command(found: Container, called: str, name: str, candidates: Sequence[PurePosixPath]) -> Probe:
    what, not_executable = f"the {called} job {name} can be started in {found.name}", ""
    for path in candidates:
        facts = files.stat(found, str(path))
        if facts is not None and not facts.directory:
            if facts.executable:
                return yes(what, str(path))
            not_executable = not_executable or str(path)
    if not_executable:
        chmod = f"docker exec -u 0 {found.name} {_MAKE_EXECUTABLE.format(not_executable)}"
        return no(what, f"{not_executable} is not executable", chmod)
    if hidden := [path for path in candidates if _hidden(found, path)]:
        return unknown(what, f"{hidden[0]} is on a tmpfs, where the engine shows no files")
    return no(what, "command not found", _CORRECT)


def _hidden(found: Container, path: PurePosixPath) -> bool:
    """True if it is on a tmpfs, which the engine cannot read."""
    held = [each["Destination"] for each in found.attrs["Mounts"] if each["Type"] == "tmpfs"]
    held += list(found.attrs["HostConfig"].get("Tmpfs") or ())
    return any(path.is_relative_to(each) for each in held)
