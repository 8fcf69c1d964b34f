"""`midnight survey`: the night that a machine's own calendar plans, read from its files, and where its jobs collide.

One reader per kind of file gives entries; nothing is run, changed or unpickled. `night.py` expands them over one night,
`collisions.py` compares them, and the rest renders.
"""
