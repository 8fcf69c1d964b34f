"""Undo what a run did: healer, watchdog, inventory, and deletion of old runs."""
