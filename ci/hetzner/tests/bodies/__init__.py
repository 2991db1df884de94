"""Tests of the job bodies, and checks of the tree that the jobs of a run share."""
