"""Tests of lib/github/ that start no process."""
