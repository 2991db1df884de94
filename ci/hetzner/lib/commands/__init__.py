"""The command line of any pipeline: the flags of a run, and the commands that ask for runs."""
