"""What only a drill is judged by: its loss, its runbook, RTO and RPO."""
