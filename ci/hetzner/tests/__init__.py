"""unit: no process. runs: real processes. faults, bodies, rules: see their docstrings."""
