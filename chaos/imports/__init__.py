"""Requests recorded elsewhere, read into routes, a mix and rates: one reader per kind of recording, one writer.

Nothing is sent, and no secret of a recording is written: `withheld` puts references in their place.
"""
