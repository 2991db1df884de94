"""The rules of a run a second time, and the searches for a run that breaks one."""
