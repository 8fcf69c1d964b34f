"""Check a profile with the stack's own rules before anything is brought up."""

from __future__ import annotations

import sys
import threading
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location

from pydantic import BaseModel

from chaos.spec import named_files
from chaos.spec.yamlfile import Where
from chaos.targets.embedded.options import Profile

_SETTINGS = "midnight_reference_settings"
_LOADING = threading.Lock()
"""A scheduler and its metrics read targets in two threads, and a module is of no use until it is whole."""


def check(at: Where) -> None:
    """Raises FileError for the first rule of the stack or the driver that the profile breaks."""
    with _LOADING:
        model = _model_of_the_stack()
    at.parse(model)
    at.parse(Profile)


@cache
def _model_of_the_stack() -> type[BaseModel]:
    """Load the stack's own model from its file: the stack is not an importable package here, and its other files need
    libraries that this process lacks.
    """
    spec = spec_from_file_location(_SETTINGS, named_files.shipped("targets") / "reference/settings.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[_SETTINGS] = module  # the model resolves its annotations there
    spec.loader.exec_module(module)
    model: type[BaseModel] = module.Profile
    return model
