"""Whether alerts fire, and reach someone: the target's Prometheus and Alertmanager watched, their webhook received."""
