"""One execution of a pipeline, from its first check to its exit code."""
