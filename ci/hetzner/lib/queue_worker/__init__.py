"""Runs the entries of the queue: one command each, in places of their own. One worker by lock."""
