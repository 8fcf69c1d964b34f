"""A Docker Engine: found as the Docker client finds it, called with timeouts. This package acts and decides nothing."""

from chaos.engine.client import connected, find, ping

__all__ = ["connected", "find", "ping"]
