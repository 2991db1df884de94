"""The run of one commit: its tree, its dependencies, its jobs, its status."""
