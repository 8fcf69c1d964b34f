"""The driver's section of a target file."""

from __future__ import annotations

from chaos.spec.units import Positive
from chaos.targets.stack_options import StackOptions


class DockerOptions(StackOptions):
    """`options:` of the target file; the same names as for the embedded target."""

    ready_within: Positive = 60.0  # seconds per service
