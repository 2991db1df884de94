"""Tests of lib/push_sources/ that start no process."""
