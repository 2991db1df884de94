"""Tests of lib/storage/ that start no process."""
