"""Stacks as each runtime prints them, read into one form: `file:line in function`, innermost first."""

from __future__ import annotations

import json
import re
from typing import Any

_JAVA_THREAD = re.compile(r'^"(?P<name>.*)" (?:#(?P<number>\d+) )?.*?\bnid=(?P<id>\w+)')
_JAVA_FRAME = re.compile(r"^\tat (?P<function>[^(]+)\((?P<where>[^)]*)\)")
_MODULE = re.compile(r"^(?P<module>[^/]*?)@[^/]*/|^(?P<bare>[\w.]+)/")
_ADDRESS = re.compile(r"(\$\$Lambda)[/$\w]*?(/0x[0-9a-f]+)(?=\.|$)")
_GOROUTINE = re.compile(r"^goroutine (?P<id>\d+) .*?\[(?P<state>[^\],]*)")
_GO_PLACE = re.compile(r"^\t(?P<file>.+):(?P<line>\d+)(?: \+0x[0-9a-f]+)?$")
_GO_PARENT = re.compile(r"^created by (?P<function>\S+)(?: in goroutine (?P<id>\d+))?")
_READS_STACKS = "runtime/pprof.writeGoroutineStacks"

Stacks = list[dict[str, Any]]


def of_python(printed: str) -> Stacks:
    """Of `py-spy dump --json`. Raises ValueError."""
    return [
        {
            "thread": each.get("os_thread_id") or each["thread_id"],
            "name": each.get("thread_name") or "",
            "stack": [f"{one['filename']}:{one['line']} in {one['name']}" for one in each["frames"]],
        }
        for each in json.loads(printed)
    ]


def of_java(printed: str) -> Stacks:
    """Of `jcmd PID Thread.print`. Threads of the virtual machine itself, which have no frames, are left out."""
    found: Stacks = []
    for line in printed.splitlines():
        if thread := _JAVA_THREAD.match(line):
            found.append({"thread": int(thread["id"], 0), "name": thread["name"], "stack": []})
        elif found and (frame := _JAVA_FRAME.match(line)):
            found[-1]["stack"].append(_java_frame(frame["function"].strip(), frame["where"]))
    return [each for each in found if each["stack"]]


def _java_frame(function: str, where: str) -> str:
    """A class of a module is prefixed with its name: `java.base/Thread.java:840 in java.lang.Thread.run`."""
    module = _MODULE.match(where)
    place = where[module.end() :] if module else where
    owner = (module["module"] or module["bare"]) + "/" if module else ""
    return f"{owner}{place} in {_ADDRESS.sub('$$Lambda', function.rpartition('//')[2])}"


def of_go(printed: str) -> Stacks:
    """Of `/debug/pprof/goroutine?debug=2`. The goroutines that serve this very request are left out."""
    blocks = [block.splitlines() for block in printed.strip().split("\n\n")]
    serving = {_number(lines) for lines in blocks if any(line.startswith(_READS_STACKS) for line in lines)}
    found: Stacks = []
    for lines in blocks:
        head = _GOROUTINE.match(lines[0])
        if head is None or serving & {_number(lines), _parent(lines)}:
            continue
        stack = _go_frames(lines[1:])
        found.append(
            {"thread": int(head["id"]), "name": head["state"], "stack": stack, "resource": "goroutines"}
        )
    return found


def _number(lines: list[str]) -> int:
    head = _GOROUTINE.match(lines[0])
    return int(head["id"]) if head else -1


def _parent(lines: list[str]) -> int:
    """The goroutine that started it; 0 before Go 1.21, which does not say."""
    said = [found for line in lines if (found := _GO_PARENT.match(line))]
    return int(said[-1]["id"] or 0) if said else 0


def _go_frames(lines: list[str]) -> list[str]:
    frames, function = [], ""
    for line in lines:
        if place := _GO_PLACE.match(line):
            frames.append(f"{place['file']}:{place['line']} in {function}")
        elif parent := _GO_PARENT.match(line):
            function = f"{parent['function']}, which started it"
        else:
            function = line.rpartition("(")[0] or line  # without the arguments, which are addresses
    return frames
