"""Tests of lib/terminal/ that start no process."""
