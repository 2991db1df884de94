"""What bench.py measures, with what, and how its figures are told."""
