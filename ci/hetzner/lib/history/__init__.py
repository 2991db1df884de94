"""Past runs: their directories, the links of commits, and the database of their times."""
