"""Tests of lib/report/ that start no process."""
