"""What faults and drivers are written against: handles, fault, driver, probe and the registry."""
