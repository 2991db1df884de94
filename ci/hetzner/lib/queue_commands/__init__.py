"""The command line of the queue: one module a command."""
