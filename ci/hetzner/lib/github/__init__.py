"""Posts commit statuses to GitHub, and keeps those that it did not take."""
