"""Tests that start real processes; check.py runs them, and test_dsl.py those in quick."""
