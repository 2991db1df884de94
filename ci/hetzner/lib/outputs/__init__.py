"""Finds out when the files that jobs promise have been written."""
