"""Shared parts of the tests: fakes, stages, servers."""
