"""The contract suite: `pytest --midnight-contract NAME` holds a plug-in to what midnight relies on.

It ships with midnight as a pytest plug-in: `plugin.py` adds the option, and `collecting.py` the tests when it is given.
The tests are `faults.py`, `targets.py`, `sources.py`, `checks.py`, `figures.py` and `reports.py`; `fixtures.py` has
what authors override.
"""
