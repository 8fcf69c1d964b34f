"""Taking back what a run did: the one healer, its watchdog, the inventory, and deleting old runs."""
