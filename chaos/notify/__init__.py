"""Notify people of a run's outcome: never lost, and never able to change a verdict."""
