"""Real runs that show each promise once, each in a fraction of a second: test_dsl.py runs them."""
