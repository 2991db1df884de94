"""Tests of lib/common/ that start no process."""
