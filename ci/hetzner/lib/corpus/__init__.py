"""Proof over commits: a set of commits with the expected outcome of each job."""
