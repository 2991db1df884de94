"""What the tests share: fakes, stages, servers."""
