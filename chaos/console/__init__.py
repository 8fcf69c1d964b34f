"""Live progress of a run, in a terminal or as plain lines."""

from chaos.console.shown import Console

__all__ = ["Console"]
