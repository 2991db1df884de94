"""Tests of lib/page/ that start no process."""
