"""Tests of lib/simulate/ that start no process."""
