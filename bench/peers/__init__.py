"""The instruments that are compared: one file each, and one contract (`bench.attack.Instrument`)."""
