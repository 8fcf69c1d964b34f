"""A profile's file, checked as the stack itself checks it, but before anything is brought up."""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location

from pydantic import BaseModel

from chaos.spec import yamlfile
from chaos.spec.yamlfile import Where
from chaos.targets.embedded.options import Profile

_SETTINGS = "midnight_reference_settings"


def check(at: Where) -> None:
    """Raises FileError for the first rule of the stack, or of the driver, that the profile breaks."""
    at.parse(_model_of_the_stack())
    at.parse(Profile)


@cache
def _model_of_the_stack() -> type[BaseModel]:
    """The stack's own model, out of its one file: the stack is no package of this process, and its other
    files need libraries that this process does not."""
    spec = spec_from_file_location(_SETTINGS, yamlfile.folders("targets")[-1] / "reference/settings.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[_SETTINGS] = module  # where the model looks its annotations up
    spec.loader.exec_module(module)
    model: type[BaseModel] = module.Profile
    return model
