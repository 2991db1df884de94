"""Tests of lib/commit/ that start no process."""
