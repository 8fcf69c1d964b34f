"""The witness: a helper in a Python process of the target that names the places of what the process holds."""
