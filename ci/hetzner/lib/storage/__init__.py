"""Kept between runs: the caches of jobs."""
