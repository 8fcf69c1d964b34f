"""The service's own process, where the target file says how to start it: it lasts as long as the run."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from chaos.access.secrets import SecretReader
from chaos.errors import TargetError
from chaos.host.processes import ref_of, spawn, stop_marked
from chaos.plugin.driver import Site
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import ProcessRef, Proxy
from chaos.record.redact import known
from chaos.targets import probing
from chaos.targets.attach.options import OF_A_PROXY, StartAt

WHAT = "service"
GRACE = 10.0  # seconds to end in order


@dataclass(frozen=True, slots=True)
class Command:
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path


def command(at: StartAt, cwd: Path, secret: SecretReader) -> Command:
    """Raises UsageError for a secret that is not there."""
    env = {name: secret.whole(value, f"options: start: env: {name}") for name, value in at.env.items()}
    return Command(at.argv, env, cwd)


def start(given: Command, proxies: Mapping[str, Proxy], site: Site) -> ProcessRef:
    """Raises TargetError. Its output is kept beside the journal, without secrets."""
    mark = f"{site.mark}.{WHAT}"
    env = {name: filled(value, proxies) for name, value in given.env.items()}
    argv = [filled(word, proxies) for word in given.argv]
    site.creating(WHAT, {"what": WHAT, "mark": mark})
    try:
        child = spawn(
            argv,
            mark=mark,
            env={**os.environ, **env},
            cwd=given.cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise TargetError(f"options: start: argv: {argv[0]}: {error.strerror or error}") from error
    assert child.stdout is not None
    file = None if site.records is None else site.records / f"{WHAT}.log"
    threading.Thread(target=_keep, args=(child.stdout, file), daemon=True).start()
    return ref_of(child.pid)


def stop(undo: Undo) -> Evidence:
    """Raises UndoError."""
    return {"processes_stopped": len(stop_marked(undo["mark"], grace=GRACE))}


def filled(text: str, proxies: Mapping[str, Proxy]) -> str:
    """The text with the addresses of proxies."""

    def address(name: str, part: str) -> str:
        whole = probing.reached(proxies[name])
        host, _, port = whole.rpartition(":")
        return {"host": host, "port": port}.get(part, whole)

    return OF_A_PROXY.sub(lambda found: address(found[1], found[2] or ""), text)


def _keep(said: IO[bytes], file: Path | None) -> None:
    """Copy lines until the last process that may write one has ended."""
    with said, (file or Path(os.devnull)).open("w", encoding="utf-8") as output:
        for line in said:
            output.write(known(line.decode(errors="replace")))
            output.flush()
