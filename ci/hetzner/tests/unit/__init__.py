"""Tests that start no process, in the rooms of lib/."""
