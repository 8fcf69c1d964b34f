"""Which language's runtime a process is, by its program and the libraries it has mapped."""

from __future__ import annotations

import mmap
import os
import re
from contextlib import suppress
from pathlib import Path

from chaos.census.descriptors import reading, text_of

PYTHON, JAVA, NODE, GO, UNKNOWN = "Python", "Java", "Node", "Go", ""

_BY_NAME = (
    (re.compile(r"(?:python|pypy)[\d.]*t?"), PYTHON),
    (re.compile(r"java"), JAVA),
    (re.compile(r"node(?:js)?"), NODE),
)
_BY_LIBRARY = (("/libpython", PYTHON), ("/libjvm.so", JAVA), ("/libnode.so", NODE))
_BUILT_BY_GO = b"\xff Go buildinf:"


def runtime_of(pid: int) -> str:
    """PYTHON, JAVA, NODE, GO or UNKNOWN. Raises Gone, Unseen."""
    with reading(pid):
        program = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
        for name, runtime in _BY_NAME:
            if name.fullmatch(Path(program).name):
                return runtime
        mapped = text_of(f"/proc/{pid}/maps")
    for library, runtime in _BY_LIBRARY:
        if library in mapped:
            return runtime
    return GO if _is_built_by_go(pid) else UNKNOWN


def _is_built_by_go(pid: int) -> bool:
    with (
        suppress(OSError, ValueError),
        Path(f"/proc/{pid}/exe").open("rb") as program,
        mmap.mmap(program.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return content.find(_BUILT_BY_GO) >= 0
    return False
