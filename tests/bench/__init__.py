"""Benchmarks: the product's pages beside the raw floor of the same machine, in the same run. One JSON line each."""
