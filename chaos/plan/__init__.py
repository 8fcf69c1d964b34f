"""Experiment, target and registry become a plan. Nothing is touched yet."""
