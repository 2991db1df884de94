"""The runs that `test_dsl.py` tries as well: each takes a fraction of a second."""
