"""Tests of lib/outputs/ that start no process."""
