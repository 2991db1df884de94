"""Pushes that no webhook tells of: into a repository of the box, and found by asking a remote."""
