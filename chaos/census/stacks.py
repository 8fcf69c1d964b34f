"""Level 2: the stacks of all threads of a process, from outside, by what its runtime offers at no risk."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from chaos.access import trust
from chaos.census import runtimes, stack_texts
from chaos.census.descriptors import Gone, Unseen
from chaos.census.stack_texts import Stacks
from chaos.census.tracing import catches, may_trace

__all__ = ["Gone", "Unseen", "grouped", "may_trace", "stacks", "why_no_stacks"]

PPROF = "/debug/pprof/goroutine?debug=2"
_WITHIN = 20.0  # seconds, for a program that reads stacks
_TRIES = 3  # the process runs on while it is read: a reading may catch it halfway
_NO_PY_SPY = "py-spy is not installed; type: pip install 'midnight-chaos[leaks]'"
_NO_PPROF = (
    "Go shows its stacks at its pprof endpoint only: `--pprof URL`, or `pprof: URL` in a target file, such as"
    " http://127.0.0.1:6060"
)
_NO_JCMD = (
    "jcmd is not on PATH; install the JDK of this machine (Debian: sudo apt-get install default-jdk-headless)"
)


def stacks(pid: int, pprof: str = "") -> Stacks:
    """All threads: `thread` (number), `name`, `stack` (`file:line in function`, innermost first).

    `pprof`: the URL of a Go process's pprof endpoint, whose goroutines are its threads here. The process is not
    stopped. Raises Gone, Unseen.
    """
    if because := why_no_stacks(pid, pprof):
        raise Unseen(because)
    runtime = runtimes.runtime_of(pid)
    if runtime == runtimes.PYTHON:
        return _of_python(pid)
    return _of_java(pid) if runtime == runtimes.JAVA else _of_go(pprof)


def why_no_stacks(pid: int, pprof: str = "") -> str:
    """Empty if `stacks` can read them, else why not and what is needed. Raises Gone."""
    try:
        runtime = runtimes.runtime_of(pid)
        if runtime == runtimes.JAVA:
            return _why_no_jcmd(pid)
    except Unseen as unseen:
        return may_trace(pid) or str(unseen)
    if runtime == runtimes.PYTHON:
        return may_trace(pid) or ("" if _py_spy() else _NO_PY_SPY)
    if runtime == runtimes.NODE:
        return "Node shows its stacks to a debugger only, which would stop it"
    if runtime == runtimes.GO:
        return "" if pprof else _NO_PPROF
    return "no way is known to read this program's stacks without stopping it (Python, Java and Go have one)"


def grouped(found: Iterable[Mapping[str, Any]]) -> Counter[tuple[str, ...]]:
    """How many threads have each stack."""
    return Counter(tuple(each["stack"]) for each in found)


def _py_spy() -> str | None:
    beside = Path(sys.executable).parent / "py-spy"
    return str(beside) if beside.is_file() else shutil.which("py-spy")


def _of_python(pid: int) -> Stacks:
    said = ""
    for _ in range(_TRIES):
        argv = [_py_spy() or "py-spy", "dump", "--json", "--nonblocking", "--pid", str(pid)]
        code, out, said = _run(argv, pid)
        if code == 0:
            try:
                return stack_texts.of_python(out)
            except ValueError as error:
                said = str(error)
    raise Unseen(f"py-spy cannot read process {pid}: {_first(said)}")


def _why_no_jcmd(pid: int) -> str:
    owner, ours = Path(f"/proc/{pid}").stat().st_uid, os.geteuid()
    if ours not in (0, owner):
        return f"process {pid} belongs to user {owner}, midnight runs as {ours}: jcmd needs the same user"
    if not catches(pid, signal.SIGQUIT):  # jcmd sends it: unhandled, it would end the process
        return f"the Java process {pid} does not accept jcmd (started with -Xrs?)"
    return "" if shutil.which("jcmd") else _NO_JCMD


def _of_java(pid: int) -> Stacks:
    code, out, said = _run(["jcmd", str(pid), "Thread.print"], pid)
    if code:
        raise Unseen(f"jcmd cannot read process {pid}: {_first(said or out)}")
    return stack_texts.of_java(out)


def _of_go(pprof: str) -> Stacks:
    url = pprof if urlsplit(pprof).path.rstrip("/") else pprof.rstrip("/") + PPROF
    try:
        with httpx.Client(timeout=_WITHIN, trust_env=False, verify=trust.trust(url)) as client:
            return stack_texts.of_go(client.get(url).raise_for_status().text)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unseen(f"{url} does not answer: {error}") from error


def _run(argv: Sequence[str], pid: int) -> tuple[int, str, str]:
    """Raises Gone, Unseen."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_WITHIN, check=False)
    except subprocess.TimeoutExpired:
        raise Unseen(f"{Path(argv[0]).name} did not answer within {_WITHIN:g} s") from None
    except OSError as error:
        raise Unseen(f"{Path(argv[0]).name} cannot be started: {error.strerror}") from error
    if done.returncode and not Path(f"/proc/{pid}").exists():
        raise Gone(pid)
    return done.returncode, done.stdout, done.stderr


def _first(said: str) -> str:
    """The first line that says something."""
    return next((line.strip() for line in said.splitlines() if line.strip()), "it does not say why")[:160]
