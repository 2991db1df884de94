"""What every room may use: files and locks, signals, text, secrets, the clock, the machine."""
