"""Starts, watches and stops process trees. The only room that starts jobs."""
