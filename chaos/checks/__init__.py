"""The checks: pure functions from a stored run to findings. Nothing here acts."""
