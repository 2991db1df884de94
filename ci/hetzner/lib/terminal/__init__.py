"""Shows a run to people while it goes on: live on a terminal, line by line elsewhere."""
