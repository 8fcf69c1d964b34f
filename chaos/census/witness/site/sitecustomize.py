"""Start midnight's witness in this process, if its environment asks for it; then run the sitecustomize that this file
hides. Only the first sitecustomize on the path is run by Python: this folder must be first, and must hide none.

Runs on CPython 3.8 and newer with the standard library alone.
"""

from __future__ import annotations

import os
import sys
from importlib import _bootstrap, import_module, machinery  # importlib.util would load threading


def _wanted() -> bool:
    return (
        os.path.isdir(os.environ.get("MIDNIGHT_WITNESS_DIR", ""))
        and os.environ.get("MIDNIGHT_WITNESS") != "off"
    )


def _start() -> None:
    try:
        if _wanted():
            import_module("midnight_witness").start()
    except Exception:  # whatever is wrong with the witness, the application starts
        sys.modules.pop("midnight_witness", None)


def _run_the_hidden_one() -> None:
    """Its errors are left to Python, which treats them as if this file were not there."""
    here = os.path.dirname(os.path.abspath(__file__))
    others = [each for each in sys.path if os.path.abspath(each) != here]
    spec = machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        module = _bootstrap.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


_start()
_run_the_hidden_one()
