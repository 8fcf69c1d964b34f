"""Runbook actions that need no driver: they look at a target from outside, as a monitor does."""

from collections.abc import Mapping

from chaos.runbook_actions.action import Action
from chaos.runbook_actions.detect import Detect
from chaos.runbook_actions.verify import Verify

GENERIC: Mapping[str, type[Action]] = {"detect": Detect, "verify": Verify}
