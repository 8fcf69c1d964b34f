"""What is somebody else's, before a run and after it: taken, stored and compared.

`document`, `files_compared` and `differences` are pure: a check judges a stored run by them. One file per kind reads
it; `taking` puts the kinds together.
"""
