"""Benchmarks: figures that anyone can take again, with peers beside us in the same run."""
