"""The ground of all rooms: files and locks, signals, text, secrets, the clock, the machine."""
