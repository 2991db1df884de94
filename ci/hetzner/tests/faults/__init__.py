"""Runs under faults: signals, kills, a machine that refuses, processes that try to escape."""
