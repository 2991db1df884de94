"""Samples of the machine and of the jobs while a run goes on, and the traces made of them."""
