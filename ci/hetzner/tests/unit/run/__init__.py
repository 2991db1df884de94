"""Tests of lib/run/ that start no process."""
