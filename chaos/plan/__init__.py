"""Build a plan from experiment, target and registry. Nothing is touched yet."""
