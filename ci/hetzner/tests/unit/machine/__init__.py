"""Tests of lib/processes/ that start no process."""
