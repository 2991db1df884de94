"""Belongs to the repository under test only: lock files, Pythons, wheel, Jupyter, the demo."""
