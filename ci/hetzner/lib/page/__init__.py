"""Pages for browsers: the report of a run, its timeline, and what such pages are built of."""
