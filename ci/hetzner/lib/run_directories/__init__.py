"""The directory of each run: its name, its links, kept files, retention."""
