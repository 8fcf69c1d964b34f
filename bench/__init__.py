"""The instrument beside its peers, in one run on one machine, and ten million hits. `python -m bench`."""
