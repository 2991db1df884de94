"""Tests of the job bodies, and checks of what the jobs of a run share."""
