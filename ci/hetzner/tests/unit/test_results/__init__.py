"""Tests of lib/test_results/ that start no process."""
