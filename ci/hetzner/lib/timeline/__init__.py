"""A run as data, made from its events: jobs, waits, the critical path."""
