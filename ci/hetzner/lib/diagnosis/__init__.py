"""Explains runs by their records: waits, caches, differences. Pure: no I/O, no clock."""
