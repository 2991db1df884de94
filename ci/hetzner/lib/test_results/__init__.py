"""Results of test cases: the JUnit files that jobs wrote, and those of the run for CI servers."""
