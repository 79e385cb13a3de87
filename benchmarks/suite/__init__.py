"""Speed measured: Papertide beside its peers on real papers, `python -m benchmarks.suite`."""
