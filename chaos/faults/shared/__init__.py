"""Helpers shared by faults. Nothing here is a fault."""
