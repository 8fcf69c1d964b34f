"""The API for faults and drivers: handles, fault, driver, probe and registry."""
