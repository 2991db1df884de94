"""Decides which job starts, stops, is skipped or tried again, and when. No I/O."""
