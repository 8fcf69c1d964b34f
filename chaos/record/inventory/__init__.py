"""Inventories of an attached target before and after a run, stored and compared. Pure: used by checks."""
