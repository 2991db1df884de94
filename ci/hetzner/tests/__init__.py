"""test_*.py: fast, standard library only. real_*.py: start processes and tools, run by check.py."""
