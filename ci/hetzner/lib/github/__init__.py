"""Sets commit statuses at GitHub, and keeps those that it did not take."""
