"""The actions of a runbook that need no driver: they look at a target from outside, as a monitor does."""

from collections.abc import Mapping

from chaos.operating.action import Action
from chaos.operating.detect import Detect
from chaos.operating.verify import Verify

GENERIC: Mapping[str, type[Action]] = {"detect": Detect, "verify": Verify}
