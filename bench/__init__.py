"""Measurements as ratios to a floor in the same run; see docs/benchmarks.md."""
