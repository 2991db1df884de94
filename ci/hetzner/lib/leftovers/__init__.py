"""Stops and removes the leftovers of earlier runs: processes, ports, half-written files."""
