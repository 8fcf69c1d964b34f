"""Telling people what became of a run: never lost, and never able to change a verdict."""
