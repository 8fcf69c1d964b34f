"""Python, and the packages that the reference stack runs on."""

from __future__ import annotations

import importlib.util
import platform
import sys

from chaos.tools.part import Found, Missing

NAME = "Python"
REQUIRED = True

_STACK = ("flask_restx", "gevent", "gunicorn", "packaging", "prometheus_client", "pybreaker", "sqlalchemy")


def find() -> Found | Missing:
    lacking = [module for module in _STACK if importlib.util.find_spec(module) is None]
    if lacking:
        because = f"the reference stack's packages are not installed: {', '.join(lacking)}"
        return Missing(NAME, because, f"type: {sys.executable} -m pip install 'midnight-chaos[embedded]'")
    return Found(NAME, platform.python_version(), sys.executable, "this interpreter")
