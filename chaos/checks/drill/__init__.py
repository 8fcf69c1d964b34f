"""Checks only for drills: loss, runbook, RTO and RPO."""
