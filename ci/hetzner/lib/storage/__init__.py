"""Kept between runs: the caches of jobs and the history of their durations."""
