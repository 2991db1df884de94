"""Tests of lib/model/ that start no process."""
