"""Writes the views of a run that has ended, each a file or an answer made of its record."""
