"""The Docker Engine that runs containers: optional, the embedded target does not need it."""

from __future__ import annotations

from chaos import engine
from chaos.errors import ToolMissing
from chaos.tools.part import Found, Missing

NAME = "Docker Engine"
REQUIRED = False


def find() -> Found | Missing:
    try:
        at = engine.find()
        said = engine.ping(at)
    except ToolMissing as missing:
        return Missing(
            missing.part, missing.because, f"{missing.remedy} (not required: for the docker target)"
        )
    return Found(NAME, str(said["Version"]), at.url, f"API {said['ApiVersion']}")
