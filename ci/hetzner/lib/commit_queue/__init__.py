"""The queue of commits that wait for a run: its records, its database and its rules."""
