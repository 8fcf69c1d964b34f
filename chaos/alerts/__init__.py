"""A run's samples played against alerting rules in virtual time: which alerts fire, and after how long.

No Prometheus runs: promtool evaluates the rules on what the run has recorded.
"""
