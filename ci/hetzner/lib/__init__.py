"""Everything below the public face (`dsl.py`) and the entry points. Imports point down only."""
