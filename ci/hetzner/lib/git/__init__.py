"""Runs git: checks a commit out exactly, and names the tree of a directory."""
