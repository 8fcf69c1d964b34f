"""Render a verdict and its journal: HTML, JSON, terminal. Decides nothing."""
