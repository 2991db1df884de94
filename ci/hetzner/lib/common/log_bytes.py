"""The bound of a job's log, in bytes."""

DEFAULT = 100_000_000  # of all attempts of a job together
# the end of a log that is shown, and its part in a cache, stand behind any cut
LEAST = 5_000_000
