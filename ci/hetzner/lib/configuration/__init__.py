"""The settings of a run: argument, then environment, then a default."""
