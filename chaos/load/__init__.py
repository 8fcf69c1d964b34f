"""The load: an open-loop generator in a process of its own, its ledger, and the read-back."""
