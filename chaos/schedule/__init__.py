"""Schedule runs: due times, leases, launches and the record of each occurrence."""
