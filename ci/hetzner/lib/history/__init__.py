"""Past runs: their database, and what it tells of jobs."""
