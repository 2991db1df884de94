"""The events of a run as lines of JSON: written while it goes on, read back later."""
