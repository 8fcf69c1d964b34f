"""Run by opener.py."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

opened: list[int] = []
children: list[subprocess.Popen[bytes]] = []


def open_some(number: int) -> int:
    """How many of them failed."""
    failed = 0
    for _ in range(number):
        try:
            opened.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            failed += 1
    return failed


def close_lowest(number: int) -> int:
    for file in opened[:number]:
        os.close(file)
    del opened[:number]
    return len(opened)


def fork(limit: int) -> int:
    """A child with this limit, or with the own one, and with all that is open; it runs: at a lower limit it could not
    load its libraries any more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
    child = subprocess.Popen(
        ["cat"], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=opened
    )
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
    children.append(child)
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(b"!")
    child.stdout.read(1)
    return children[-1].pid


def limit(soft: int) -> int:
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    return soft


acts = {"open": open_some, "close_lowest": close_lowest, "fork": fork, "limit": limit}
for line in sys.stdin:
    command, argument = json.loads(line)
    print(acts[command](argument), flush=True)
for child in children:
    child.kill()
    child.wait()
