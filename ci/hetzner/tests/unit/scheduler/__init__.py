"""Tests of lib/scheduler/ that start no process."""
