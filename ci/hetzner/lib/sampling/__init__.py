"""Samples of the machine and of the jobs while a run goes on."""
