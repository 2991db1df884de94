"""Proves that a job need not run again, since nothing that it depends on has changed."""
