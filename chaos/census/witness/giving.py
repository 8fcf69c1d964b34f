"""How a service gets the witness: lines for a shell, and a drop-in for a systemd unit. Nothing is changed here."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from chaos.census.witness.ask import DIRECTORY, folder
from chaos.errors import UsageError

PYTHONPATH = "PYTHONPATH"
COPIED = Path("/opt/midnight-witness")
ANSWERS = "/run/midnight-witness"


def first_on(path: str, place: Path | str) -> str:
    """PYTHONPATH with the witness's folder first, and what was there behind it."""
    rest = [each for each in path.split(":") if each and each != str(place)]
    return ":".join([str(place), *rest])


def process(pid: int | None = None) -> list[str]:
    """Lines for the shell that starts the process; of a running one, for its user. Raises UsageError."""
    place, copying = _place()
    owner, known = ("USER", None) if pid is None else (_user(pid), _variable(pid))
    path = (
        f"{shlex.quote(str(place))}${{{PYTHONPATH}:+:${PYTHONPATH}}}"
        if known is None
        else shlex.quote(first_on(known, place))
    )
    return [
        "# in the shell or the file that starts the service; then restart it",
        *copying,
        f"install -d -m 700 -o {shlex.quote(owner)} {ANSWERS}  # the service's user",
        f"export {DIRECTORY}={ANSWERS}",
        f"export {PYTHONPATH}={path}",
        "# to take it away: remove these lines, restart the service, and delete the directory",
        "# for one start without it: MIDNIGHT_WITNESS=off",
    ]


def unit(name: str) -> list[str]:
    """A systemd drop-in. A PYTHONPATH that the unit sets by `Environment=` is kept, if systemd can be asked."""
    place, copying = _place()
    service = name if "." in name else f"{name}.service"
    stem = f"midnight-witness-{service.rpartition('.')[0]}"
    drop_in = f"/etc/systemd/system/{service}.d/midnight-witness.conf"
    known = _of_unit(service)
    lost = (
        []
        if known is not None
        else [f"# systemd cannot be asked: append the unit's own {PYTHONPATH}, if any"]
    )
    again = f"systemctl daemon-reload && systemctl restart {service}"
    return [
        f"# {drop_in}",
        *(f"# first: {line}" for line in copying),
        f"# then: {again}",
        f"# to take it away: rm {drop_in} && {again}",
        f"# an EnvironmentFile that sets {PYTHONPATH} overrides this one: put {place} first in it",
        *lost,
        "[Service]",
        f'Environment="{PYTHONPATH}={first_on(known or "", place)}"',
        f"Environment={DIRECTORY}=/run/{stem}",
        f"RuntimeDirectory={stem}",
    ]


def consent(name: str) -> str:
    return f"# in the file of target {name!r}: consent: {{..., witness: true}}"


def _place() -> tuple[Path, list[str]]:
    """The folder, or where to copy it to if other users cannot read it here."""
    here = folder()
    if all(each.stat().st_mode & 0o005 == 0o005 for each in _directories(here)):
        return here, []
    return COPIED, [f"cp -r {shlex.quote(str(here))} {COPIED}"]


def _directories(path: Path) -> Iterable[Path]:
    resolved = path.resolve()
    return (resolved, *resolved.parents)


def _user(pid: int) -> str:
    try:
        return pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name
    except FileNotFoundError:
        raise UsageError(f"no process has pid {pid}") from None
    except KeyError:
        return str(Path(f"/proc/{pid}").stat().st_uid)


def _variable(pid: int) -> str:
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError as error:
        raise UsageError(f"the environment of process {pid} cannot be read: {error.strerror}") from None
    prefix = f"{PYTHONPATH}=".encode()
    return next((os.fsdecode(each.removeprefix(prefix)) for each in entries if each.startswith(prefix)), "")


def _of_unit(service: str) -> str | None:
    """Its PYTHONPATH; None if systemd does not say."""
    program = shutil.which("systemctl")
    if program is None:
        return None
    argv = [program, "show", service, "--property=Environment", "--value"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    variables = dict(each.partition("=")[::2] for each in shlex.split(done.stdout))
    return variables.get(PYTHONPATH, "")
