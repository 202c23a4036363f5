"""Benchmarks: `make bench`. Each measure is a ratio or a percentile within one run, beside its absolute figure."""
