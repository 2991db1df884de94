"""Everything below the public face (`dsl.py`) and the entry points.

A room (package) imports only rooms above it in the table of `docs/architecture.md`.
"""
