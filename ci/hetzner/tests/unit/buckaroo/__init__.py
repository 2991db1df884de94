"""Tests of lib/buckaroo/ that start no process."""
