"""Receives GitHub's webhooks: checks each, makes a push of it, and puts that into the queue."""
