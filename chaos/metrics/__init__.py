"""What midnight knows, as Prometheus metrics: served, or written for node_exporter's textfile collector."""
