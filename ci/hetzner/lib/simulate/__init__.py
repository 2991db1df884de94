"""Predicts a run: the same scheduler, with recorded durations in place of processes."""
